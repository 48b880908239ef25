#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/evidence.h"
#include "models/calibration/calibration.h"
#include "statistics/scoring.h"

namespace slm {

/// Examples that no calibration can be fitted to; the message says why and what to do.
class CalibrationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An answer of which it is known whether it is right.
struct CalibrationExample {
  Evidence evidence;
  bool is_right = false;
};

struct CalibrationOptions {
  std::optional<CalibrationMethod> method;  ///< empty: the one that cross-validation finds best
  /// What to fit on: all with `logistic`, the first with `platt` and `isotonic`; `temperature` is tried where
  /// `max_prob` is the only one. Empty: what suits the evidence, all methods. Of labels those are `log_odds`,
  /// `margin` and `entropy`; of tokens `mean_logprob`, ten steps of `quantile_logprob`, `length`,
  /// `first_token_margin` and `schema_valid` (Gupta et al. 2024, arXiv 2404.10136).
  std::vector<Signal> signals;
  std::size_t folds = 5;   ///< at least 2; fewer are used where fewer answers are right, or wrong
  std::uint64_t seed = 1;  ///< deals the examples to the folds
};

struct CalibrationFit {
  struct MethodLoss {
    CalibrationMethod method;
    double log_loss = 0;  ///< mean over the examples, each judged by a fit to the other folds
  };

  Calibration calibration;         ///< fitted to all examples that were used; bound to nothing
  std::vector<MethodLoss> losses;  ///< of all methods that were possible, from the simplest on
  /// Each example that was used, in their order, with the confidence that a fit to the other folds gives it:
  /// for a report that does not praise itself.
  std::vector<statistics::ScoredAnswer> out_of_fold;
  std::size_t right = 0;        ///< of those used
  std::size_t left_out = 0;     ///< examples whose evidence is missing
  std::vector<Signal> dropped;  ///< signals that most examples lack, or that are the same in all

  /// What it was fitted on, for the comment in its file; `date` as it is to be read there.
  std::string description(std::string_view date) const;
};

/// Takes the method with the least cross-validated log loss, or a simpler one within one standard error of
/// it, by the differences of the examples' losses. Throws `CalibrationError` where fewer than ten examples
/// have evidence, all of them are right or all wrong, the evidence does not differ, or the method asked for
/// is not possible.
CalibrationFit fit_calibration(std::span<const CalibrationExample> examples,
                               const CalibrationOptions& options = {});

}  // namespace slm
