#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "statistics/interval.h"

namespace slm::statistics {

/// Tests "the mean is at most `mean`" by betting against it (Waudby-Smith and Ramdas 2024, "Estimating means
/// of bounded random variables by betting", JRSS B 86). Whoever bets the fraction f of its wealth on a value
/// x, scaled to [0, 1], has 1 - f + f x / m times as much after it; where the hypothesis is true, no choice
/// of fractions makes this grow in expectation. The wealth is the average over a grid of fractions, so what
/// it is in the end does not depend on the order of the values.
///
/// It may be looked at after every value: the chance that it ever reaches 1 / alpha under the hypothesis is
/// at most alpha (Ville's inequality). One thread at a time.
class BettingTest {
 public:
  struct Hypothesis {
    double mean = 0;
    Interval range{0, 1};  ///< where every value lies, known before they are seen; not a point
    /// Where values are drawn without replacement from so many: each is then bet against the mean of those
    /// that are left if the hypothesis is true, (N m - Σ seen) / (N - t).
    std::optional<std::size_t> population;
  };

  explicit BettingTest(const Hypothesis& hypothesis);

  /// A value within the range; where there is a population, of no more than it holds.
  void add(double value);

  /// ln of the wealth now; ∞ once the hypothesis cannot be true.
  double log_wealth() const { return log_wealth_; }
  /// Whether the wealth has ever reached 1 / alpha.
  bool rejects(double alpha) const;
  /// The least alpha at which it rejects, 1 at most: valid whenever one chooses to stop.
  double p_value() const;

 private:
  double mean_left() const;

  double mean_;  // scaled to [0, 1]
  Interval range_;
  std::optional<std::size_t> population_;
  double sum_ = 0;
  std::size_t count_ = 0;
  std::vector<double> log_wealths_;  // of each fraction
  double log_wealth_ = 0;
  double peak_ = 0;
};

/// The p-value of a `BettingTest`, without a population, that is looked at 64 times on the way through the
/// values: nearly as good as at each of them, and cheap where few of the values differ. 1 where there are
/// none.
double betting_p_value(std::span<const double> values, double mean, Interval range);

/// The mean is at least this but for a chance of alpha, however the number of values came about: the largest
/// mean that a `BettingTest` fed with them rejects. `range.low` where there are none.
double mean_lower_bound(std::span<const double> values, Interval range, double alpha,
                        std::optional<std::size_t> population = std::nullopt);

}  // namespace slm::statistics
