#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "statistics/bootstrap.h"

/// Two ways to do the same tasks: whether one is better, by what each did on every task. The vectors of a
/// pair are parallel. Any thread.
namespace slm::statistics {

struct McNemar {
  std::size_t only_first = 0;   ///< tasks that only the first got right
  std::size_t only_second = 0;  ///< likewise
  double p_value = 1;           ///< two-sided, of the hypothesis that both are right equally often
};

/// The exact test (McNemar 1947): of the tasks that only one got right, it is either with equal chance.
McNemar mcnemar(const std::vector<bool>& is_first_right, const std::vector<bool>& is_second_right);

struct PairedDifference {
  double mean = 0;  ///< of first less second
  /// Of that mean, by bootstrap. Where all pairs are of equal zeros and ones, as wide to either side as
  /// Clopper and Pearson's of their differing; where they are of other equal numbers, a point.
  Interval interval;
  double p_value = 1;
};

/// `p_value` is that of the sign-flip test, two-sided: where neither is better, each difference could as well
/// have had the other sign. Exact where at most 14 differ; else by `options.resamples` draws, and then never
/// below 1 / (resamples + 1) (Phipson and Smyth 2010). At least one pair of finite numbers.
PairedDifference compare_paired(std::span<const double> first, std::span<const double> second,
                                const BootstrapOptions& options = {});

/// About how many pairs show at level alpha, with this power, that the two are not alike, if they differ as
/// these do: (z(1 - alpha / 2) + z(power))² s² / mean², for the many for which a mean is normal. Empty where
/// they do not differ on average, or where it would take more than 10^12.
std::optional<std::size_t> pairs_to_show(std::span<const double> first, std::span<const double> second,
                                         double alpha, double power);

}  // namespace slm::statistics
