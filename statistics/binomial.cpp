#include "statistics/binomial.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace slm::statistics::binomial {
namespace {

constexpr double kMostTrials = 1e12;

/// The chance of no more than `failures`, where trials succeed at `rate`; also between whole numbers of
/// trials.
double chance_of_at_most(double failures, double trials, double rate) {
  return boost::math::ibeta(trials - failures, failures + 1, rate);
}

/// Trials from which on no more than `failures` of them show that the rate exceeds `target`, as a real
/// number.
double trials_with(double failures, double target, double alpha) {
  return boost::math::binomial_distribution<>::find_minimum_number_of_trials(failures, 1 - target, alpha);
}

std::size_t whole_trials_with(std::size_t failures, double target, double alpha) {
  auto trials =
      static_cast<std::size_t>(std::ceil(trials_with(static_cast<double>(failures), target, alpha)));
  // The real number may be wrong by its rounding.
  while (trials > failures + 1 && p_value(trials - 1 - failures, trials - 1, target) <= alpha) --trials;
  while (p_value(trials - failures, trials, target) > alpha) ++trials;
  return trials;
}

}  // namespace

double lower_bound(std::size_t successes, std::size_t trials, double alpha) {
  assert(successes <= trials);
  if (successes == 0) return 0;
  const auto others = static_cast<double>(trials - successes);
  return boost::math::ibeta_inv(static_cast<double>(successes), others + 1, alpha);
}

double upper_bound(std::size_t successes, std::size_t trials, double alpha) {
  assert(successes <= trials);
  if (successes == trials) return 1;
  const auto others = static_cast<double>(trials - successes);
  return boost::math::ibetac_inv(static_cast<double>(successes) + 1, others, alpha);
}

Interval interval(std::size_t successes, std::size_t trials, double confidence) {
  const double alpha = (1 - confidence) / 2;
  return {lower_bound(successes, trials, alpha), upper_bound(successes, trials, alpha)};
}

double p_value(std::size_t successes, std::size_t trials, double target) {
  assert(successes <= trials);
  if (successes == 0) return 1;
  return chance_of_at_most(static_cast<double>(trials - successes), static_cast<double>(trials), target);
}

std::optional<std::size_t> trials_to_certify(double target, double alpha) {
  if (target >= 1) return std::nullopt;
  if (target <= 0) return 1;
  return whole_trials_with(0, target, alpha);
}

std::optional<std::size_t> trials_to_certify(double target, double rate, double alpha, double power) {
  if (rate <= target) return std::nullopt;
  if (target <= 0) target = std::numeric_limits<double>::min();
  if (rate >= 1) return trials_to_certify(target, alpha);
  const auto power_of = [&](double failures, double trials) {
    return chance_of_at_most(failures, trials, rate);
  };
  // Between whole numbers the power grows with the failures that are allowed, each with its fewest trials.
  // Rounded up it only shrinks, so what is sought is not below the first that is enough there.
  const auto is_enough = [&](double failures) {
    return power_of(failures, trials_with(failures, target, alpha)) >= power;
  };
  double too_few = -1, enough = 0;
  while (!is_enough(enough)) {
    too_few = enough;
    enough = 2 * enough + 1;
    if (enough > kMostTrials * (1 - target)) return std::nullopt;
  }
  while (enough - too_few > 1) {
    const double middle = std::floor((too_few + enough) / 2);
    (is_enough(middle) ? enough : too_few) = middle;
  }
  for (auto failures = static_cast<std::size_t>(enough);; ++failures) {
    const std::size_t trials = whole_trials_with(failures, target, alpha);
    if (power_of(static_cast<double>(failures), static_cast<double>(trials)) >= power) return trials;
  }
}

}  // namespace slm::statistics::binomial
