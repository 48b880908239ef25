#include "statistics/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "statistics/binomial.h"
#include "statistics/resampling.h"

namespace slm::statistics {
namespace {

/// Shares of the bootstrap's distribution below the two ends of an interval.
using Levels = std::pair<double, double>;

Levels percentile_levels(double confidence) {
  return {(1 - confidence) / 2, (1 + confidence) / 2};
}

/// Efron 1987: `share_below` is that of resamples below the statistic itself, half of its
/// equals counted in; empty where it is undefined.
std::optional<Levels> bca_levels(double share_below, double acceleration, double confidence) {
  if (share_below <= 0 || share_below >= 1) return std::nullopt;
  const boost::math::normal normal;
  const double bias = quantile(normal, share_below);
  const auto level = [&](double share) {
    const double shifted = bias + quantile(normal, share);
    return cdf(normal, bias + shifted / (1 - acceleration * shifted));
  };
  const auto [low, high] = percentile_levels(confidence);
  // Beyond its pole the formula turns round.
  if (std::abs(acceleration * (std::abs(bias) + quantile(normal, high))) >= 1) return std::nullopt;
  return Levels{level(low), level(high)};
}

/// From the statistic without each of the values in turn; empty where it never changes.
std::optional<double> acceleration_of(std::span<const double> jackknife) {
  const double mean =
      std::accumulate(jackknife.begin(), jackknife.end(), 0.0) / static_cast<double>(jackknife.size());
  double squares = 0, cubes = 0;
  for (const double value : jackknife) {
    squares += std::pow(mean - value, 2);
    cubes += std::pow(mean - value, 3);
  }
  if (!(squares > 0)) return std::nullopt;
  return cubes / (6 * std::pow(squares, 1.5));
}

/// Linear between the sorted values.
double quantile_of(std::span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// From one, of the value that `quantile` gives.
std::size_t rank_of(double share, std::size_t count) {
  const double rank = std::ceil(share * static_cast<double>(count));
  return std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, count);
}

/// `jackknife` is asked for only where the method needs it.
template <class Jackknife>
Interval interval_of(std::vector<double> resampled, double estimate, const Jackknife& jackknife,
                     const BootstrapOptions& options) {
  std::sort(resampled.begin(), resampled.end());
  std::optional<Levels> levels;
  if (options.method == BootstrapOptions::Method::bca && resampled.front() < resampled.back()) {
    const auto [below, above] = std::equal_range(resampled.begin(), resampled.end(), estimate);
    const auto twice_below = static_cast<double>((below - resampled.begin()) + (above - resampled.begin()));
    if (const auto acceleration = acceleration_of(jackknife()))
      levels = bca_levels(twice_below / (2 * static_cast<double>(resampled.size())), *acceleration,
                          options.confidence);
  }
  if (!levels) levels = percentile_levels(options.confidence);
  return {quantile_of(resampled, levels->first), quantile_of(resampled, levels->second)};
}

Interval of_rate(std::size_t ones, std::size_t count, const BootstrapOptions& options) {
  if (ones == 0 || ones == count) return binomial::interval(ones, count, options.confidence);
  const auto size = static_cast<double>(count);
  const double rate = static_cast<double>(ones) / size;
  // A quantile is the least number of ones with so much of the distribution at or below it.
  using RoundUp = boost::math::policies::policy<
      boost::math::policies::discrete_quantile<boost::math::policies::integer_round_up>>;
  const boost::math::binomial_distribution<double, RoundUp> resampled{size, rate};
  std::optional<Levels> levels;
  if (options.method == BootstrapOptions::Method::bca) {
    const auto successes = static_cast<double>(ones);
    // `acceleration_of` the jackknife, summed up: it has but two values.
    const double acceleration = (1 - 2 * rate) / (6 * std::sqrt(size * rate * (1 - rate)));
    levels = bca_levels(cdf(resampled, successes) - pdf(resampled, successes) / 2, acceleration,
                        options.confidence);
  }
  if (!levels) levels = percentile_levels(options.confidence);
  return {quantile(resampled, levels->first) / size, quantile(resampled, levels->second) / size};
}

}  // namespace

Interval bootstrap(std::size_t count, const Statistic& statistic, const BootstrapOptions& options) {
  assert(count > 0 && options.resamples > 0);
  std::vector<std::size_t> positions(count);
  Random random{options.seed};
  std::vector<double> resampled(options.resamples);
  for (double& value : resampled) {
    for (std::size_t& position : positions) position = draw_below(count, random);
    value = statistic(positions);
  }
  std::iota(positions.begin(), positions.end(), 0U);
  const double estimate = statistic(positions);
  const auto jackknife = [&] {
    std::vector<double> without(count, estimate);
    if (count == 1) return without;
    std::vector<std::size_t> others(positions.begin() + 1, positions.end());
    for (std::size_t left_out = 0; left_out < count; ++left_out) {
      if (left_out > 0) others[left_out - 1] = left_out - 1;
      without[left_out] = statistic(others);
    }
    return without;
  };
  return interval_of(std::move(resampled), estimate, jackknife, options);
}

Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  assert(!values.empty() && options.resamples > 0);
  if (std::all_of(values.begin(), values.end(), [](double value) { return value == 0 || value == 1; }))
    return of_rate(static_cast<std::size_t>(std::count(values.begin(), values.end(), 1.0)), values.size(),
                   options);
  const auto size = static_cast<double>(values.size());
  Random random{options.seed};
  std::vector<double> resampled(options.resamples);
  for (double& mean : resampled) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[draw_below(values.size(), random)];
    mean = sum / size;
  }
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const auto jackknife = [&] {
    std::vector<double> without(values.size(), sum / size);
    if (values.size() > 1)
      std::transform(values.begin(), values.end(), without.begin(),
                     [&](double value) { return (sum - value) / (size - 1); });
    return without;
  };
  return interval_of(std::move(resampled), sum / size, jackknife, options);
}

double quantile(std::span<const double> sorted, double share) {
  return sorted[rank_of(share, sorted.size()) - 1];
}

Interval bootstrap_quantile(std::span<const double> sorted, double share, double confidence) {
  const auto size = static_cast<double>(sorted.size());
  const auto rank = static_cast<double>(rank_of(share, sorted.size()));
  // A resample has one of the first `count` values there if at least `rank` of its draws are among them.
  const auto chance_within = [&](std::size_t count) {
    const boost::math::binomial_distribution<double> drawn{size, static_cast<double>(count) / size};
    return cdf(complement(drawn, rank - 1));
  };
  const auto at_level = [&](double level) {
    std::size_t low = 1, high = sorted.size();  // the first count with enough chance, by bisection
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (chance_within(middle) < level)
        low = middle + 1;
      else
        high = middle;
    }
    return sorted[low - 1];
  };
  const auto [low, high] = percentile_levels(confidence);
  return {at_level(low), at_level(high)};
}

}  // namespace slm::statistics
