#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/evaluate/measure_text.h"
#include "runtime/forecast/forecast.h"
#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kTold = {Measure::calls, Measure::prompt_tokens, Measure::generated_tokens,
                              Measure::cost, Measure::energy_j};

/// Most people read two digits of what is not known any better.
template <class Text>
std::string with_interval(const Estimate& estimate, const Text& text) {
  const auto value = text(estimate.value);
  const auto low = text(estimate.interval.low);
  const auto high = text(estimate.interval.high);
  return low == high ? value : value + " (" + low + " – " + high + ")";
}

std::string seconds_text(double seconds) {
  return duration(std::chrono::nanoseconds{std::llround(seconds * 1e9)});
}

Json json_of(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.interval.low}, {"high", estimate.interval.high}};
}

Json json_of(const Forecast::Tier& tier) {
  Json json = {{"name", tier.name}, {"asked", tier.is_asked}};
  for (const Measure measure : kTold) json[key_of(measure)] = json_of(tier[measure]);
  return json;
}

}  // namespace

std::string to_text(const Forecast& forecast, const Terminal& terminal) {
  std::string text =
      painted(terminal, Paint::bold, forecast.pipeline) + ": " + counted(forecast.requests, "request") + "\n";
  if (forecast.requests == 0) return text;
  if (forecast.seconds)
    text.append("  about ")
        .append(with_interval(*forecast.seconds, seconds_text))
        .append(" on this machine; ")
        .append(grouped(forecast.sampled))
        .append(" of them took ")
        .append(duration(forecast.sample_time))
        .append("\n");
  std::vector<Measure> told;
  for (const Measure measure : kTold)
    if (measure == Measure::calls || forecast.all[measure].value > 0) told.push_back(measure);
  std::vector<Table::Column> columns{{.title = "tier"}};
  for (const Measure measure : told) columns.push_back({name_of(measure), Table::Align::right});
  Table table{std::move(columns)};
  const auto add = [&](const Forecast::Tier& tier) {
    std::vector<std::string> cells{tier.name + (tier.is_asked ? "" : " *")};
    for (const Measure measure : told)
      cells.push_back(
          with_interval(tier[measure], [&](double amount) { return measure_text(measure, amount); }));
    table.add(std::move(cells));
  };
  for (const auto& tier : forecast.tiers) add(tier);
  add(forecast.all);
  text.append("\n").append(table.to_string(2));
  for (const auto& assumption : forecast.assumptions) text.append("  * ").append(assumption).append("\n");
  if (forecast.failed > 0)
    text.append("  ")
        .append(painted(terminal, Paint::red, grouped(forecast.failed) + " failed"))
        .append(" of " + grouped(forecast.sampled) + ": " + forecast.reason + "\n");
  return text;
}

std::string to_json(const Forecast& forecast, const ForecastOptions& options) {
  Json json = {{"pipeline", forecast.pipeline},
               {"requests", forecast.requests},
               {"sample", forecast.sampled},
               {"sample_seconds", std::chrono::duration<double>(forecast.sample_time).count()},
               {"confidence", options.confidence},
               {"seconds", nullptr},
               {"tiers", Json::array()},
               {"all", nullptr},
               {"failed", forecast.failed},
               {"assumptions", forecast.assumptions}};
  if (forecast.seconds) json["seconds"] = json_of(*forecast.seconds);
  for (const auto& tier : forecast.tiers) json["tiers"].push_back(json_of(tier));
  if (forecast.sampled > 0) {
    json["all"] = json_of(forecast.all);
    json["all"].erase("name");
    json["all"].erase("asked");
  }
  if (!forecast.reason.empty()) json["reason"] = forecast.reason;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
