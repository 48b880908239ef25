#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/evaluate/judged_line.h"
#include "statistics/interval.h"
#include "statistics/scoring.h"

namespace slm::runtime {

struct EvaluateOptions {
  Judging judging;
  double confidence = 0.95;  ///< of all intervals, and 1 less the level of tests; between 0 and 1
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;  ///< of what is drawn
};

/// So many of so many, with Clopper and Pearson's interval of the rate.
struct Share {
  std::size_t part = 0;
  std::size_t whole = 0;
  statistics::Interval interval{0, 1};

  std::optional<double> rate() const {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// A number computed from the lines, with its bootstrap interval.
struct Estimate {
  double value = 0;
  statistics::Interval interval;
};

/// The lines that ended in one way.
struct Ended {
  std::string how;  ///< the outcome's kind, or the tier
  Share share;      ///< of all lines that ran
  Share accuracy;   ///< of these, where they are judged
};

/// A label, or a value of the member that is judged.
struct LabelFigures {
  std::string label;
  std::size_t expected = 0;  ///< lines that should have been told to be it
  std::size_t said = 0;      ///< lines that were
  std::size_t both = 0;

  std::optional<double> precision() const;  ///< empty: it was never said
  std::optional<double> recall() const;     ///< empty: it was never expected
  double f1() const;
};

struct LatencyQuantile {
  const char* name;
  double share;
};
inline constexpr std::array kLatencyQuantiles = {LatencyQuantile{"p50", 0.5}, LatencyQuantile{"p90", 0.9},
                                                 LatencyQuantile{"p99", 0.99}};

/// All there is to say of lines that ran.
struct Evaluation {
  std::size_t lines = 0;  ///< that ran
  Share accuracy;         ///< of those that are judged, however they ended
  std::vector<Ended> kinds;
  std::vector<Ended> tiers;
  std::vector<LabelFigures> labels;  ///< those most expected first
  std::optional<double> macro_f1;    ///< mean over labels that were expected; empty where there are none
  std::array<std::optional<Estimate>, kMeasures.size()> means;  ///< a line; empty where not known of all
  std::array<Estimate, kLatencyQuantiles.size()> latency_ms;    ///< of no meaning where no line ran
  /// Judged answers that the last gate gave a probability to be right.
  std::vector<statistics::ScoredAnswer> confidences;
  std::optional<double> calibration_error;  ///< of those; empty where there are none
  std::vector<std::pair<std::string, std::size_t>>
      reasons;  ///< why lines failed or expired, most often first
};

/// Lines that did not run are left out. Tiers are in the order of `models`, then as they come.
Evaluation evaluate(const JudgedLines& lines, const std::vector<std::string>& models,
                    const EvaluateOptions& options);

}  // namespace slm::runtime
