#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "statistics/interval.h"

namespace slm::statistics {

struct BootstrapOptions {
  /// BCa (Efron 1987) corrects the percentiles for bias and for a spread that changes with the value; it is
  /// undefined where all resamples, or all but one of the values, are alike, and is then the percentiles.
  enum class Method { bca, percentile };
  Method method = Method::bca;
  double confidence = 0.95;
  std::size_t resamples = 5000;  ///< at least 1; time grows with it, noise of the ends falls with its root
  std::uint64_t seed = 1;        ///< the same seed gives the same interval everywhere
};

/// A number computed from the values at these positions, of which some may come twice and others not at all.
/// Must be finite.
using Statistic = std::function<double(std::span<const std::size_t> positions)>;

/// Interval of a statistic of `count` independent values; `count` is at least 1 and below 2^32. Calls
/// `statistic` resamples + count + 1 times, on the caller's thread. Any thread.
Interval bootstrap(std::size_t count, const Statistic& statistic, const BootstrapOptions& options = {});

/// Of the mean; faster, at least one value. Where all values are 0 or 1 it draws nothing, for the bootstrap's
/// distribution is then binomial, and where they are all 0 or all 1 it is Clopper and Pearson's interval: a
/// point would claim what they do not show.
Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

/// The least value that a share in (0, 1] of them does not exceed. At least one value, in ascending order.
double quantile(std::span<const double> sorted, double share);

/// Of that quantile, by percentiles. Draws nothing: which of the values a resample has there is binomial. The
/// jackknife that BCa needs says nothing about quantiles.
Interval bootstrap_quantile(std::span<const double> sorted, double share, double confidence);

}  // namespace slm::statistics
