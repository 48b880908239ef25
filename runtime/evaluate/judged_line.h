#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/message.h"
#include "graph/pipeline.h"
#include "runtime/input/source.h"
#include "runtime/output/outcome_lines.h"
#include "runtime/report/expectation.h"

namespace slm::runtime {

/// What a line takes, each a number of which less is better.
enum class Measure : std::uint8_t { calls, prompt_tokens, generated_tokens, cost, energy_j, latency_ms };
inline constexpr std::array kMeasures = {Measure::calls, Measure::prompt_tokens, Measure::generated_tokens,
                                         Measure::cost,  Measure::energy_j,      Measure::latency_ms};
using Measures = std::array<std::optional<double>, kMeasures.size()>;

/// What became of a labelled line.
struct JudgedLine {
  OutcomeKind kind = OutcomeKind::failed;
  std::string reason;
  std::string tier;  ///< that answered or rejected it; empty where it ended otherwise, or met no model
  std::optional<double> confidence;
  std::optional<Classes> classes;
  std::optional<bool> is_right;  ///< empty: its line does not say what is right
  Measures measures;             ///< calls are unknown of what an earlier run has written

  std::optional<double> operator[](Measure measure) const {
    return measures[static_cast<std::size_t>(measure)];
  }
};

/// Parallel to the lines of the data; empty: the line did not run, or nothing is known of it.
using JudgedLines = std::vector<std::optional<JudgedLine>>;

/// `spec` is null where the pipeline is not known. Latency is that of recorded answers where there are any.
JudgedLine judged(const Expectation& expectation, const Outcome& outcome, const Judging& judging,
                  const PipelineSpec* spec);

/// Outcomes of an earlier run and the lines that they belong to.
struct MatchedLines {
  JudgedLines lines;
  std::size_t repeated = 0;  ///< outcomes whose id several of them have, or several lines: they are left out
  std::size_t unknown = 0;   ///< outcomes whose id no line has
};

/// Matches them by id.
MatchedLines matched(const std::vector<InputItem>& lines, const std::vector<WrittenOutcome>& outcomes,
                     const Judging& judging);

}  // namespace slm::runtime
