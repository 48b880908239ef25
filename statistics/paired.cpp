#include "statistics/paired.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>

#include "statistics/binomial.h"
#include "statistics/resampling.h"

namespace slm::statistics {
namespace {

constexpr std::size_t kMostEnumerated = 14;

/// Sum of the differences, where a bit of `signs` makes each negative or not.
class SignFlips {
 public:
  explicit SignFlips(std::vector<double> differences) : differences_{std::move(differences)} {
    std::erase(differences_, 0.0);
    // Sums that differ by rounding alone are the same.
    for (const double difference : differences_) tolerance_ += std::abs(difference) * 1e-12;
    observed_ = std::abs(std::accumulate(differences_.begin(), differences_.end(), 0.0));
  }

  double p_value(const BootstrapOptions& options) const {
    const std::size_t count = differences_.size();
    std::size_t as_large = 0;
    if (count <= kMostEnumerated) {
      const std::uint64_t ways = std::uint64_t{1} << count;
      for (std::uint64_t signs = 0; signs < ways; ++signs)
        as_large += is_as_large([&, bits = signs]() mutable { return std::exchange(bits, bits >> 1) & 1; });
      return static_cast<double>(as_large) / static_cast<double>(ways);
    }
    Random random{options.seed};
    for (std::size_t i = 0; i < options.resamples; ++i)
      as_large += is_as_large([&] { return random() >> 63; });
    return static_cast<double>(as_large + 1) / static_cast<double>(options.resamples + 1);
  }

 private:
  template <class NextBit>
  std::size_t is_as_large(NextBit next_bit) const {
    double sum = 0;
    for (const double difference : differences_) sum += next_bit() != 0 ? -difference : difference;
    return std::abs(sum) >= observed_ - tolerance_ ? 1 : 0;
  }

  std::vector<double> differences_;
  double observed_ = 0;
  double tolerance_ = 0;
};

bool is_zero_or_one(double value) {
  return value == 0 || value == 1;
}

/// Where nothing differs, as far as answers that are right or wrong may still differ elsewhere.
Interval interval_without_differences(std::span<const double> values, double confidence) {
  if (!std::all_of(values.begin(), values.end(), is_zero_or_one)) return {};
  const double rate = binomial::interval(0, values.size(), confidence).high;
  return {-rate, rate};
}

}  // namespace

McNemar mcnemar(const std::vector<bool>& is_first_right, const std::vector<bool>& is_second_right) {
  assert(is_first_right.size() == is_second_right.size());
  McNemar result;
  for (std::size_t i = 0; i < is_first_right.size(); ++i) {
    result.only_first += is_first_right[i] && !is_second_right[i] ? 1U : 0U;
    result.only_second += is_second_right[i] && !is_first_right[i] ? 1U : 0U;
  }
  const std::size_t more = std::max(result.only_first, result.only_second);
  result.p_value = std::min(1.0, 2 * binomial::p_value(more, result.only_first + result.only_second, 0.5));
  return result;
}

PairedDifference compare_paired(std::span<const double> first, std::span<const double> second,
                                const BootstrapOptions& options) {
  assert(first.size() == second.size() && !first.empty());
  std::vector<double> differences(first.size());
  std::transform(first.begin(), first.end(), second.begin(), differences.begin(), std::minus<>{});
  const double sum = std::accumulate(differences.begin(), differences.end(), 0.0);
  const bool is_same = std::all_of(differences.begin(), differences.end(), [](double d) { return d == 0; });
  return {sum / static_cast<double>(differences.size()),
          is_same ? interval_without_differences(first, options.confidence)
                  : bootstrap_mean(differences, options),
          SignFlips{std::move(differences)}.p_value(options)};
}

std::optional<std::size_t> pairs_to_show(std::span<const double> first, std::span<const double> second,
                                         double alpha, double power) {
  constexpr double kMost = 1e12;
  assert(first.size() == second.size() && !first.empty());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    sum += first[i] - second[i];
    squares += std::pow(first[i] - second[i], 2);
  }
  const auto count = static_cast<double>(first.size());
  const double mean = sum / count;
  const double variance = squares / count - mean * mean;
  const boost::math::normal normal;
  const double pairs =
      std::pow(quantile(normal, 1 - alpha / 2) + quantile(normal, power), 2) * variance / (mean * mean);
  if (!(pairs <= kMost)) return std::nullopt;  // also where both are 0
  return static_cast<std::size_t>(std::ceil(std::max(pairs, 1.0)));
}

}  // namespace slm::statistics
