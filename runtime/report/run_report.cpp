#include "runtime/report/run_report.h"

#include <algorithm>
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
  return time > 0 ? static_cast<double>(report.summary.total() - report.resumed) / time : 0;
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

double total(const Summary& summary, double TierSummary::*of) {
  double sum = 0;
  for (const TierSummary& tier : summary.tiers()) sum += tier.*of;
  return sum;
}

/// What the cascade saved, where there are prices or watts.
std::string all_to_top_line(const Summary& summary) {
  const auto all = summary.all_to_top();
  if (!all || summary.tiers().size() < 2) return "";
  std::string text;
  const auto add = [&text](double would, double was, const std::string& what) {
    if (would <= 0) return;
    text.append(text.empty() ? "" : ", ").append(what).append(brief(would));
    if (was > 0) text.append(" (").append(brief(would / was)).append(" times as much)");
  };
  add(all->cost, total(summary, &TierSummary::cost), "cost ");
  add(all->energy_j, total(summary, &TierSummary::energy_j), "joules ");
  return text.empty() ? "" : "  all to " + all->tier + " would have taken about: " + text + "\n";
}

/// Of the messages at the tier's nodes.
std::string hits_text(const TierSummary& tier) {
  if (tier.visits() == 0) return "0";
  std::string text = grouped(tier.hits) + " (" + percent(tier.hits, tier.visits()) + ")";
  if (tier.has_nearest) text.append(", ").append(grouped(tier.near_hits)).append(" near");
  return text;
}

std::string tier_table(const Summary& summary) {
  using Align = Table::Align;
  const bool has_cost = total(summary, &TierSummary::cost) > 0;
  const bool has_energy = total(summary, &TierSummary::energy_j) > 0;
  const bool has_cache = std::ranges::any_of(summary.tiers(), &TierSummary::has_cache);
  std::vector<Table::Column> columns{{.title = "tier"},          {"answered", Align::right},
                                     {"rejected", Align::right}, {"share", Align::right},
                                     {"accuracy", Align::right}, {"tokens in", Align::right},
                                     {"out", Align::right}};
  if (has_cost) columns.push_back({"cost", Align::right});
  if (has_energy) columns.push_back({"energy", Align::right});
  if (has_cache) columns.push_back({"from cache", Align::right});
  Table table{std::move(columns)};
  TierSummary all;
  const auto add = [&](const TierSummary& tier, const Accuracy& accuracy) {
    std::vector<std::string> cells{tier.name,
                                   grouped(tier.answered),
                                   grouped(tier.rejected),
                                   percent(tier.answered + tier.rejected, summary.total()),
                                   percent(accuracy.right, accuracy.judged),
                                   grouped(tier.prompt_tokens),
                                   grouped(tier.generated_tokens)};
    if (has_cost) cells.push_back(brief(tier.cost));
    if (has_energy) cells.push_back(brief(tier.energy_j) + " J");
    if (has_cache) cells.push_back(tier.has_cache ? hits_text(tier) : "");
    table.add(std::move(cells));
  };
  for (const TierSummary& tier : summary.tiers()) {
    add(tier, tier.accuracy);
    all.prompt_tokens += tier.prompt_tokens;
    all.generated_tokens += tier.generated_tokens;
    all.cost += tier.cost;
    all.energy_j += tier.energy_j;
    if (!tier.has_cache) continue;
    all.has_cache = true;
    all.calls += tier.calls;
    all.hits += tier.hits;
    all.near_hits += tier.near_hits;
    all.has_nearest |= tier.has_nearest;
  }
  all.name = "all";
  all.answered = summary.count(OutcomeKind::answered);
  all.rejected = summary.count(OutcomeKind::rejected);
  add(all, summary.accuracy());
  return table.to_string(2);
}

}  // namespace

std::string early_end(const RunReport& report, const Terminal& terminal) {
  std::string text;
  if (report.is_interrupted)
    text += painted(terminal, Paint::yellow, "interrupted") + ": " +
            counted(report.summary.total(), "request") + " done, " + report.input + " read up to line " +
            std::to_string(report.last_line) + (report.is_resumable ? "; the same command goes on" : "") +
            "\n";
  if (report.put_off > 0)
    text += counted(report.put_off, "message") + " held on disk; the next run of the pipeline goes on with " +
            (report.put_off == 1 ? "it" : "them") + "\n";
  if (!report.budget_reached.empty())
    text += painted(terminal, Paint::yellow, "stopped") + ": the budget " + report.budget_reached +
            " is reached: " + counted(report.summary.total(), "request") + " done, " + report.input +
            " read up to line " + std::to_string(report.last_line) +
            (report.is_resumable ? "; with a higher one the same command goes on" : "") + "\n";
  if (!report.input_error.empty())
    text += painted(terminal, Paint::red, "error") + ": " + report.input_error + "; " + report.input +
            " read up to line " + std::to_string(report.last_line) + "\n";
  if (report.recorded && !report.recorded->error.empty())
    text += painted(terminal, Paint::red, "error") +
            ": cannot write the recording: " + report.recorded->error + "; recorded " +
            counted(report.recorded->added, "call") + "\n";
  if (report.failed_lines && !report.failed_lines->error.empty())
    text += painted(terminal, Paint::red, "error") +
            ": cannot write the lines that failed: " + report.failed_lines->error + "; wrote " +
            counted(report.failed_lines->count, "line") + "\n";
  if (!report.output_error.empty())
    text += painted(terminal, Paint::red, "error") + ": cannot write the output: " + report.output_error +
            "; wrote " + std::to_string(report.written) + " of " + std::to_string(report.summary.total()) +
            " outcomes\n";
  return text;
}

std::string standing(const Summary& summary) {
  std::string text;
  const auto add = [&text](const std::string& part) { text.append(text.empty() ? "" : ", ").append(part); };
  for (const TierSummary& tier : summary.tiers())
    if (const auto ended = tier.answered + tier.rejected; ended > 0)
      add(tier.name + " " + percent(ended, summary.total()));
  for (const auto kind : {OutcomeKind::abstained, OutcomeKind::expired, OutcomeKind::failed})
    if (const auto count = summary.count(kind); count > 0)
      add(grouped(count) + " " + std::string{to_string(kind)});
  return text;
}

std::string to_text(const RunReport& report, const Terminal& terminal) {
  const Summary& summary = report.summary;
  std::string text =
      painted(terminal, Paint::bold, report.pipeline) + ": " + counted(summary.total(), "request");
  if (summary.total() == 0) return text + "\n";
  text += " in " + duration(report.run_time) + " (" + brief(requests_per_second(report)) +
          "/s), models loaded in " + duration(report.load_time) + "\n";
  if (report.resumed > 0) text += "  " + grouped(report.resumed) + " of them were done before\n";
  text += "  " + outcomes_line(summary, terminal) + "\n\n";
  text += tier_table(summary) + "\n";
  text += all_to_top_line(summary);
  if (const auto& latencies = summary.latencies(); latencies.count() > 0)
    text += "  latency   p50 " + duration(latencies.at(0.5)) + ", p90 " + duration(latencies.at(0.9)) +
            ", p99 " + duration(latencies.at(0.99)) + ", max " + duration(latencies.max()) + "\n";
  if (const auto& accuracy = summary.accuracy(); accuracy.judged > 0)
    text += "  accuracy  " + percent(accuracy.right, accuracy.judged) + ": " + grouped(accuracy.right) +
            " of " + grouped(accuracy.judged) + " with an expected answer\n";
  if (report.machine_energy_j)
    text += "  energy    " + brief(*report.machine_energy_j) +
            " J drawn by the processors of this machine, other programs included\n";
  if (report.recorded)
    text += "  recorded  " + counted(report.recorded->added, "call") + ", " +
            grouped(report.recorded->known) + " more known already\n";
  if (report.failed_lines && report.failed_lines->count > 0)
    text += "  kept      " + counted(report.failed_lines->count, "line") + " that failed or expired\n";
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
         {"calls", tier.calls},
         {"tokens", {{"prompt", tier.prompt_tokens}, {"generated", tier.generated_tokens}}},
         {"cost", tier.cost},
         {"energy_j", tier.energy_j}});
    if (tier.has_cache) json["tiers"].back()["cache"] = {{"visits", tier.visits()}, {"hits", tier.hits}};
    if (tier.has_nearest) json["tiers"].back()["cache"]["nearest"] = tier.near_hits;
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
  json["cost"] = total(summary, &TierSummary::cost);
  json["energy_j"] = total(summary, &TierSummary::energy_j);
  if (report.machine_energy_j) json["machine_energy_j"] = *report.machine_energy_j;
  if (const auto all = summary.all_to_top())
    json["all_to_top"] = {{"tier", all->tier}, {"cost", all->cost}, {"energy_j", all->energy_j}};
  json["load_seconds"] = seconds(report.load_time);
  json["seconds"] = seconds(report.run_time);
  json["requests_per_second"] = requests_per_second(report);
  if (report.resumed > 0) json["resumed"] = report.resumed;
  json["input"] = {{"name", report.input}, {"last_line", report.last_line}};
  json["written"] = report.written;
  json["interrupted"] = report.is_interrupted;
  if (!report.budget_reached.empty()) json["budget_reached"] = report.budget_reached;
  if (report.put_off > 0) json["held"] = report.put_off;
  if (!report.notes.empty()) json["notes"] = report.notes;
  if (report.recorded) {
    json["recorded"] = {{"added", report.recorded->added}, {"known", report.recorded->known}};
    if (!report.recorded->error.empty()) json["recorded"]["error"] = report.recorded->error;
  }
  if (report.failed_lines) {
    json["failed_lines"] = {{"written", report.failed_lines->count}};
    if (!report.failed_lines->error.empty()) json["failed_lines"]["error"] = report.failed_lines->error;
  }
  if (!report.input_error.empty()) json["input_error"] = report.input_error;
  if (!report.output_error.empty()) json["output_error"] = report.output_error;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
