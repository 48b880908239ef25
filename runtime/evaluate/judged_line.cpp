#include "runtime/evaluate/judged_line.h"

#include <chrono>
#include <unordered_map>

#include "runtime/trials/trial_builder.h"

namespace slm::runtime {
namespace {

double latency_ms(const Outcome& outcome) {
  std::optional<std::chrono::nanoseconds> recorded;
  for (const Hop& hop : outcome.trace)
    if (hop.recorded) recorded = recorded.value_or(std::chrono::nanoseconds{}) + *hop.recorded;
  return std::chrono::duration<double, std::milli>(recorded.value_or(outcome.latency)).count();
}

}  // namespace

JudgedLine judged(const Expectation& expectation, const Outcome& outcome, const Judging& judging,
                  const PipelineSpec* spec) {
  const Usage usage = usage_of(outcome.trace, spec != nullptr ? *spec : PipelineSpec{});
  JudgedLine line{.kind = outcome.kind,
                  .reason = outcome.reason,
                  .confidence = outcome.answer.confidence,
                  .classes = classes(expectation, outcome, judging),
                  .is_right = is_right(expectation, outcome, judging),
                  .measures = {std::nullopt, static_cast<double>(usage.prompt_tokens),
                               static_cast<double>(usage.generated_tokens), usage.cost, usage.energy_j,
                               latency_ms(outcome)}};
  if (spec != nullptr) line.measures[static_cast<std::size_t>(Measure::calls)] = usage.calls;
  if (outcome.kind == OutcomeKind::answered || outcome.kind == OutcomeKind::rejected)
    line.tier = outcome.answer.tier;
  return line;
}

MatchedLines matched(const std::vector<InputItem>& lines, const std::vector<WrittenOutcome>& outcomes,
                     const Judging& judging) {
  struct Holders {
    std::size_t lines = 0;
    std::size_t line = 0;
    std::size_t outcomes = 0;
  };
  std::unordered_map<std::string, Holders> by_id;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    Holders& holders = by_id[lines[line].id_json];
    ++holders.lines;
    holders.line = line;
  }
  for (const WrittenOutcome& written : outcomes) ++by_id[written.id_json].outcomes;

  MatchedLines result{.lines = JudgedLines(lines.size())};
  for (const auto& [id_json, outcome] : outcomes) {
    const Holders& holders = by_id[id_json];
    if (holders.lines == 0)
      ++result.unknown;
    else if (holders.lines > 1 || holders.outcomes > 1)
      ++result.repeated;
    else
      result.lines[holders.line] = judged(lines[holders.line].expectation, outcome, judging, nullptr);
  }
  return result;
}

}  // namespace slm::runtime
