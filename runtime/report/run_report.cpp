#include "runtime/report/run_report.h"

#include <nlohmann/json.hpp>

#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}
double milliseconds(std::chrono::nanoseconds time) {
  return seconds(time) * 1e3;
}

double requests_per_second(const RunReport& report) {
  const double time = seconds(report.run_time);
  return time > 0 ? static_cast<double>(report.summary.total()) / time : 0;
}

std::string outcomes_line(const Summary& summary, const Terminal& terminal) {
  std::string line;
  for (const auto kind : kOutcomeKinds) {
    const auto count = summary.count(kind);
    if (count == 0) continue;
    const auto text = grouped(count) + " " + std::string{to_string(kind)};
    const bool is_bad = kind == OutcomeKind::expired || kind == OutcomeKind::failed;
    line += (line.empty() ? "" : ", ") + (is_bad ? painted(terminal, Paint::red, text) : text);
  }
  return line;
}

std::string tier_table(const Summary& summary) {
  using Align = Table::Align;
  Table table{{{.title = "tier"},
               {"answered", Align::right},
               {"rejected", Align::right},
               {"share", Align::right},
               {"accuracy", Align::right},
               {"tokens in", Align::right},
               {"out", Align::right}}};
  TierSummary all;
  const auto add = [&](const TierSummary& tier, const Accuracy& accuracy) {
    table.add({tier.name, grouped(tier.answered), grouped(tier.rejected),
               percent(tier.answered + tier.rejected, summary.total()),
               percent(accuracy.right, accuracy.judged), grouped(tier.prompt_tokens),
               grouped(tier.generated_tokens)});
  };
  for (const TierSummary& tier : summary.tiers()) {
    add(tier, tier.accuracy);
    all.prompt_tokens += tier.prompt_tokens;
    all.generated_tokens += tier.generated_tokens;
  }
  all.name = "all";
  all.answered = summary.count(OutcomeKind::answered);
  all.rejected = summary.count(OutcomeKind::rejected);
  add(all, summary.accuracy());
  return table.to_string(2);
}

double total_cost(const Summary& summary) {
  double cost = 0;
  for (const TierSummary& tier : summary.tiers()) cost += tier.cost;
  return cost;
}

}  // namespace

std::string early_end(const RunReport& report, const Terminal& terminal) {
  std::string text;
  if (report.is_interrupted)
    text += painted(terminal, Paint::yellow, "interrupted") + ": " +
            counted(report.summary.total(), "request") + " done, " + report.input + " read up to line " +
            std::to_string(report.last_line) + "\n";
  if (!report.input_error.empty())
    text += painted(terminal, Paint::red, "error") + ": " + report.input_error + "; read up to line " +
            std::to_string(report.last_line) + "\n";
  if (!report.output_error.empty())
    text += painted(terminal, Paint::red, "error") + ": cannot write the output: " + report.output_error +
            "; wrote " + std::to_string(report.written) + " of " + std::to_string(report.summary.total()) +
            " outcomes\n";
  return text;
}

std::string to_text(const RunReport& report, const Terminal& terminal) {
  const Summary& summary = report.summary;
  std::string text =
      painted(terminal, Paint::bold, report.pipeline) + ": " + counted(summary.total(), "request");
  if (summary.total() == 0) return text + "\n";
  text += " in " + duration(report.run_time) + " (" + brief(requests_per_second(report)) +
          "/s), models loaded in " + duration(report.load_time) + "\n";
  text += "  " + outcomes_line(summary, terminal) + "\n\n";
  text += tier_table(summary) + "\n";
  if (const auto& latencies = summary.latencies(); latencies.count() > 0)
    text += "  latency   p50 " + duration(latencies.at(0.5)) + ", p90 " + duration(latencies.at(0.9)) +
            ", p99 " + duration(latencies.at(0.99)) + ", max " + duration(latencies.max()) + "\n";
  if (const auto& accuracy = summary.accuracy(); accuracy.judged > 0)
    text += "  accuracy  " + percent(accuracy.right, accuracy.judged) + ": " + grouped(accuracy.right) +
            " of " + grouped(accuracy.judged) + " with an expected answer\n";
  if (const double cost = total_cost(summary); cost > 0) text += "  cost      " + brief(cost) + "\n";
  return text;
}

std::string to_json(const RunReport& report) {
  const Summary& summary = report.summary;
  const auto accuracy = [](const Accuracy& of) {
    Json json = {{"judged", of.judged}, {"right", of.right}, {"accuracy", nullptr}};
    if (of.judged > 0) json["accuracy"] = static_cast<double>(of.right) / static_cast<double>(of.judged);
    return json;
  };
  Json json = {{"pipeline", report.pipeline}, {"requests", summary.total()}};
  for (const auto kind : kOutcomeKinds) json["outcomes"][std::string{to_string(kind)}] = summary.count(kind);
  json["tiers"] = Json::array();
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  for (const TierSummary& tier : summary.tiers()) {
    const auto ended = static_cast<double>(tier.answered + tier.rejected);
    json["tiers"].push_back(
        {{"name", tier.name},
         {"answered", tier.answered},
         {"rejected", tier.rejected},
         {"share", summary.total() > 0 ? ended / static_cast<double>(summary.total()) : 0},
         {"accuracy", accuracy(tier.accuracy)},
         {"tokens", {{"prompt", tier.prompt_tokens}, {"generated", tier.generated_tokens}}},
         {"cost", tier.cost}});
    prompt_tokens += tier.prompt_tokens;
    generated_tokens += tier.generated_tokens;
  }
  json["accuracy"] = accuracy(summary.accuracy());
  const auto& latencies = summary.latencies();
  const auto latency = [&](std::chrono::nanoseconds time) {
    return latencies.count() > 0 ? Json(milliseconds(time)) : Json(nullptr);
  };
  json["latency_ms"] = {{"p50", latency(latencies.at(0.5))},
                        {"p90", latency(latencies.at(0.9))},
                        {"p99", latency(latencies.at(0.99))},
                        {"max", latency(latencies.max())}};
  json["tokens"] = {{"prompt", prompt_tokens}, {"generated", generated_tokens}};
  json["cost"] = total_cost(summary);
  json["load_seconds"] = seconds(report.load_time);
  json["seconds"] = seconds(report.run_time);
  json["requests_per_second"] = requests_per_second(report);
  json["input"] = {{"name", report.input}, {"last_line", report.last_line}};
  json["written"] = report.written;
  json["interrupted"] = report.is_interrupted;
  if (!report.input_error.empty()) json["input_error"] = report.input_error;
  if (!report.output_error.empty()) json["output_error"] = report.output_error;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
