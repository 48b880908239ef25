#include "models/llama/logits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace slm::llama {
namespace {

// Sums and maxima are kept in lanes, so that the compiler may use vector instructions without reordering
// floats.
constexpr std::size_t kLanes = 16;
constexpr float kLowest = -std::numeric_limits<float>::infinity();

float largest(std::span<const float> values) {
  std::array<float, kLanes> lanes;
  lanes.fill(kLowest);
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
  }
  float best = *std::max_element(lanes.begin(), lanes.end());
  for (; i < values.size(); ++i) best = std::max(best, values[i]);
  return best;
}

/// exp(x) for x at most 0, within 2e-7 of its value and free of calls: x = n ln 2 + r, exp(r) by its Taylor
/// series on |r| ≤ ln 2 / 2, and 2^n put into the exponent's bits. What is under 2^-126 counts as that.
float exp_of_negative(float x) {
  constexpr float kLog2e = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  constexpr float kRound = 12582912.0F;  // 1.5 · 2^23: adding it leaves the nearest integer in the low bits
  x = x < -87.0F ? -87.0F : x;
  const float shifted = x * kLog2e + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float series = 1.0F / 720;
  series = series * r + 1.0F / 120;
  series = series * r + 1.0F / 24;
  series = series * r + 1.0F / 6;
  series = series * r + 0.5F;
  series = series * r + 1;
  series = series * r + 1;
  const auto exponent = (std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U;
  return series * std::bit_cast<float>(exponent);
}

}  // namespace

std::size_t best_of(std::span<const float> logits) {
  const float best = largest(logits);
  const auto found = std::find(logits.begin(), logits.end(), best);
  return found == logits.end() ? 0 : static_cast<std::size_t>(found - logits.begin());
}

double log_sum_exp(std::span<const float> logits) {
  const float best = largest(logits);
  if (!std::isfinite(best)) return best;
  std::array<float, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += exp_of_negative(logits[i + lane] - best);
  }
  double sum = 0;
  for (const float lane : lanes) sum += lane;
  for (; i < logits.size(); ++i) sum += exp_of_negative(logits[i] - best);
  return best + std::log(sum);
}

double probability_margin(std::span<const float> logits) {
  float best = kLowest, second = kLowest;
  for (const float logit : logits) {
    second = std::max(second, std::min(best, logit));
    best = std::max(best, logit);
  }
  const double all = log_sum_exp(logits);
  return std::exp(best - all) - std::exp(second - all);
}

std::size_t draw(std::span<const float> logits, double temperature, double share) {
  const double best = largest(logits);
  const auto weight = [&](float logit) { return std::exp((logit - best) / temperature); };
  double total = 0;
  for (const float logit : logits) total += weight(logit);
  const double target = share * total;
  double sum = 0;
  std::size_t last_possible = best_of(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double w = weight(logits[i]);
    if (w > 0) last_possible = i;
    sum += w;
    if (sum > target && w > 0) return i;
  }
  return last_possible;  // rounding left the sum a little short
}

}  // namespace slm::llama
