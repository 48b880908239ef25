#include "statistics/fixed_sequence.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slm::statistics {
namespace {

/// The ladder's steps are even in the log-odds of a probability, or the logarithm of a log-probability.
constexpr int kLadderSteps = 1000;
constexpr double kLadderTop = 14;
constexpr double kLadderBottom = -6;

}  // namespace

std::vector<double> bar_ladder(double highest) {
  std::vector<double> bars;
  double last = highest;
  for (int step = 0; step <= kLadderSteps; ++step) {
    bars.push_back(last);
    const double z = kLadderTop - (kLadderTop - kLadderBottom) * step / kLadderSteps;
    const double next = highest > 0 ? 1 / (1 + std::exp(-z)) : -std::exp(-z);
    last = std::min(last, shortest_between(next - (last - next) / 2, next));
  }
  return bars;
}

double shortest_between(double low, double high) {
  for (int digits = 1; digits < std::numeric_limits<double>::max_digits10; ++digits) {
    const double scale = std::pow(10.0, digits);
    const double rounded = std::floor(high * scale) / scale;
    if (rounded > low && rounded <= high) return rounded;
  }
  return high;
}

}  // namespace slm::statistics
