#pragma once

#include <cstddef>
#include <optional>

#include "statistics/interval.h"

/// Rates: of independent trials, how many succeed. All is exact, at any number of trials; `successes` is at
/// most `trials`, and alpha, confidence and power lie strictly between 0 and 1. Any thread.
namespace slm::statistics::binomial {

/// Clopper and Pearson 1934: holds the rate with at least this confidence; [0, 1] where there are no trials.
Interval interval(std::size_t successes, std::size_t trials, double confidence);

/// The rate is at least, or at most, this, but for a chance of alpha.
double lower_bound(std::size_t successes, std::size_t trials, double alpha);
double upper_bound(std::size_t successes, std::size_t trials, double alpha);

/// The chance of so many successes or more where the rate is `target`: of the hypothesis that it is no
/// greater.
double p_value(std::size_t successes, std::size_t trials, double target);

/// Fewest trials that, all of them successes, show at level alpha that the rate exceeds `target`; empty where
/// no number can, since `target` is 1.
std::optional<std::size_t> trials_to_certify(double target, double alpha);

/// Fewest trials that show so with this power where the rate is `rate`; empty where that is not above
/// `target`, or where it would take more than 10^12. One trial more can have a little less power, since
/// successes are whole numbers.
std::optional<std::size_t> trials_to_certify(double target, double rate, double alpha, double power);

}  // namespace slm::statistics::binomial
