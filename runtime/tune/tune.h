#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/trials/trial.h"
#include "runtime/trials/tunable_gates.h"
#include "runtime/tune/bar_search.h"
#include "runtime/tune/target.h"
#include "statistics/interval.h"

namespace slm::runtime {

struct TuneOptions {
  Target target;  ///< its bound is not asked for where there is a budget
  std::optional<Budget>
      budget;  ///< the best within it a line, instead of the cheapest that reaches the target
  std::optional<double> confidence;  ///< with which the target is to hold on lines not seen; empty: none
  Spend spend = Spend::calls;        ///< what is to be little
  double search_share =
      0.25;  ///< of the lines, to search with where there is more than one bar; the others certify
  std::uint64_t seed = 1;  ///< of which line goes where
};

/// How a pipeline does with certain bars.
struct Standing {
  std::vector<Bars> bars;
  Measured measured;
  statistics::Interval interval;     ///< of the mean, at 0.95 or the confidence asked for
  std::vector<std::size_t> by_tier;  ///< lines that ended with each model of the pipeline
  std::vector<std::size_t> right;    ///< of those
};

struct TuneResult {
  std::size_t lines = 0;      ///< that were tried
  std::size_t searched = 0;   ///< lines that the bars were searched with; 0 where there is but one to certify
  std::size_t certified = 0;  ///< lines that they were then tested on; 0 without a confidence
  bool is_reached = false;    ///< whether there are bars that do what was asked
  std::string why_not;
  Standing before;  ///< with the bars of the file, on the lines that count
  Standing now;
  Standing top;                    ///< where every gate escalates
  std::vector<Measured> frontier;  ///< of all lines, from the safest bars to the cheapest
};

/// Why so many lines could not be enough, whatever the models say; empty where they can be. To be asked
/// before anything is spent.
std::string why_too_few(const TuneOptions& options, const std::vector<TunableGate>& gates,
                        std::size_t labelled);

/// Chooses the bars. `models` are the pipeline's, for what is counted by tier.
TuneResult tune(std::vector<Trial> trials, const std::vector<TunableGate>& gates,
                const std::vector<std::string>& models, const TuneOptions& options);

}  // namespace slm::runtime
