#include "statistics/betting.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>

namespace slm::statistics {
namespace {

/// The best fraction against a rate r is (r - m) / (1 - m): an even grid is within one half of its step of
/// it.
constexpr std::size_t kFractions = 40;
constexpr std::size_t kLooks = 64;
constexpr int kBisections = 40;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Of each value: sums of values are not trusted to be more exact.
constexpr double kRounding = 1e-10;

double fraction(std::size_t position) {
  return (static_cast<double>(position) + 0.5) / static_cast<double>(kFractions);
}

double log_mean_exp(const std::vector<double>& logs) {
  const double largest = *std::max_element(logs.begin(), logs.end());
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - largest);
  return largest + std::log(sum / static_cast<double>(logs.size()));
}

}  // namespace

BettingTest::BettingTest(const Hypothesis& hypothesis)
    : mean_{(hypothesis.mean - hypothesis.range.low) / (hypothesis.range.high - hypothesis.range.low)},
      range_{hypothesis.range},
      population_{hypothesis.population},
      log_wealths_(kFractions, 0.0) {
  assert(range_.low < range_.high);
}

/// Below 0 where the hypothesis cannot be true; else not so near 0 that a rounding error would pay a fortune.
double BettingTest::mean_left() const {
  const double size = population_ ? static_cast<double>(*population_) : 1;
  const double left = population_ ? size - static_cast<double>(count_) : 1;
  const double sum = size * mean_ - (population_ ? sum_ : 0);
  if (sum < -kRounding * size) return -1;
  return std::max(sum, kRounding * size) / left;
}

void BettingTest::add(double value) {
  assert(range_.low <= value && value <= range_.high);
  assert(!population_ || count_ < *population_);
  const double scaled = (value - range_.low) / (range_.high - range_.low);
  const double mean = mean_left();
  for (std::size_t i = 0; i < kFractions; ++i)
    log_wealths_[i] = mean < 0 ? kInfinity : log_wealths_[i] + std::log1p(fraction(i) * (scaled / mean - 1));
  sum_ += scaled;
  ++count_;
  log_wealth_ = mean_left() < 0 ? kInfinity : log_mean_exp(log_wealths_);
  peak_ = std::max(peak_, log_wealth_);
}

bool BettingTest::rejects(double alpha) const {
  return peak_ >= -std::log(alpha);
}

double BettingTest::p_value() const {
  return std::exp(-peak_);
}

double betting_p_value(std::span<const double> values, double mean, Interval range) {
  const double width = range.high - range.low;
  const double scaled_mean = (mean - range.low) / width;
  std::map<double, std::array<double, kFractions>> gains;  // of the log-wealths, by value
  std::vector<double> log_wealths(kFractions, 0.0);
  const std::size_t stride = std::max<std::size_t>(values.size() / kLooks, 1);
  double peak = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const auto [gain, is_new] = gains.try_emplace(values[t]);
    if (is_new) {
      const double scaled = (values[t] - range.low) / width;
      for (std::size_t i = 0; i < kFractions; ++i)
        gain->second[i] = std::log1p(fraction(i) * (scaled / scaled_mean - 1));
    }
    for (std::size_t i = 0; i < kFractions; ++i) log_wealths[i] += gain->second[i];
    if ((t + 1) % stride == 0 || t + 1 == values.size()) peak = std::max(peak, log_mean_exp(log_wealths));
  }
  return std::exp(-peak);
}

double mean_lower_bound(std::span<const double> values, Interval range, double alpha,
                        std::optional<std::size_t> population) {
  const auto is_rejected = [&](double mean) {
    BettingTest test{{mean, range, population}};
    for (const double value : values) {
      test.add(value);
      if (test.rejects(alpha)) return true;
    }
    return false;
  };
  // Every factor of the wealth falls where the hypothesis's mean rises.
  double rejected = range.low, possible = range.high;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = rejected + (possible - rejected) / 2;
    (is_rejected(middle) ? rejected : possible) = middle;
  }
  return rejected;
}

}  // namespace slm::statistics
