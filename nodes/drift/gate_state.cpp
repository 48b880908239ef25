#include "nodes/drift/gate_state.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "models/model.h"
#include "models/replace_file.h"
#include "models/text_file.h"

namespace slm {
namespace {

using Json = nlohmann::ordered_json;
using statistics::ChangeBets;

constexpr const char* kFormat = "slm-graph gate state";
constexpr int kVersion = 1;

/// JSON has no infinities.
Json json_of(double number) {
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}
Json json_of(const std::vector<double>& numbers) {
  Json list = Json::array();
  for (const double number : numbers) list.push_back(json_of(number));
  return list;
}
Json json_of(const Bars& bars) {
  return {{"reject", json_of(bars.reject)}, {"accept", json_of(bars.accept)}};
}
Json json_of(const ChangeBets& bets) {
  return {{"rounds", bets.rounds()}, {"stakes", bets.stakes()}};
}

double number_in(const Json& json) {
  if (json.is_string()) {
    const bool is_positive = json.get<std::string>() == "inf";
    return is_positive ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  }
  return json.get<double>();
}
std::vector<double> numbers_in(const Json& json) {
  std::vector<double> numbers;
  numbers.reserve(json.size());
  for (const Json& one : json) numbers.push_back(number_in(one));
  return numbers;
}
Bars bars_in(const Json& json) {
  return {number_in(json.at("reject")), number_in(json.at("accept"))};
}
ChangeBets bets_in(const Json& json, std::size_t strategies) {
  auto stakes = json.at("stakes").get<std::vector<double>>();
  if (stakes.size() != strategies) throw std::invalid_argument("`stakes` has another length");
  return {json.at("rounds").get<std::uint64_t>(), std::move(stakes)};
}

GateState state_in(const Json& json) {
  if (json.at("format") != kFormat || json.at("version") != kVersion)
    throw std::invalid_argument("its format is another one");
  GateState state;
  const Json& setting = json.at("setting");
  state.confidence = setting.at("confidence").get<std::string>();
  state.written = bars_in(setting.at("bars"));
  if (!setting.at("max_error").is_null()) state.max_error = setting.at("max_error").get<double>();
  state.bars = bars_in(json.at("bars"));
  const Json& errors = json.at("errors");
  state.audited = errors.at("audited").get<std::uint64_t>();
  state.errors = errors.at("wrong").get<std::uint64_t>();
  state.error_alarms = errors.at("alarms").get<std::uint64_t>();
  if (!errors.at("bets").is_null())
    state.error_bets = bets_in(errors.at("bets"), statistics::ErrorRateWatch::kStrategies);
  const Json& shift = json.at("shift");
  state.shift_alarms = shift.at("alarms").get<std::uint64_t>();
  state.shift.first = numbers_in(shift.at("first"));
  state.shift.edges = numbers_in(shift.at("edges"));
  state.shift.counts = shift.at("counts").get<std::vector<std::uint64_t>>();
  state.shift.bets = bets_in(shift.at("bets"), statistics::ShiftWatch::kStrategies);
  const std::size_t bins = state.shift.edges.empty() ? 0 : 2 * state.shift.edges.size() + 1;
  if (state.shift.counts.size() != bins) throw std::invalid_argument("`counts` do not fit `edges`");
  state.alarms = json.at("told").get<std::vector<std::string>>();
  return state;
}

Json json_of(const GateState& state) {
  return {{"format", kFormat},
          {"version", kVersion},
          {"setting",
           {{"confidence", state.confidence},
            {"bars", json_of(state.written)},
            {"max_error", state.max_error ? Json(*state.max_error) : Json()}}},
          {"bars", json_of(state.bars)},
          {"errors",
           {{"audited", state.audited},
            {"wrong", state.errors},
            {"alarms", state.error_alarms},
            {"bets", state.error_bets ? json_of(*state.error_bets) : Json()}}},
          {"shift",
           {{"alarms", state.shift_alarms},
            {"first", json_of(state.shift.first)},
            {"edges", json_of(state.shift.edges)},
            {"counts", state.shift.counts},
            {"bets", json_of(state.shift.bets)}}},
          {"told", state.alarms}};
}

}  // namespace

std::optional<GateState> read_gate_state(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    return state_in(Json::parse(read_text_file(file)));
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& error) {
    throw ModelError(file.string() + ": no state of a gate: " + error.what() +
                     "; remove it, and the gate begins anew with the bars of the pipeline file");
  }
}

void write_gate_state(const std::filesystem::path& file, const GateState& state) {
  const std::string text = json_of(state).dump() + '\n';
  replace_file(file, std::as_bytes(std::span{text}), [](const std::filesystem::path&) {});
}

}  // namespace slm
