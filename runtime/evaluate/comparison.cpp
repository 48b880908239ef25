#include "runtime/evaluate/comparison.h"

#include <numeric>
#include <vector>

namespace slm::runtime {
namespace {

struct Pairs {
  std::vector<double> first;
  std::vector<double> second;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// `p_value` is that of another test than flipping signs, where there is one.
Difference difference_of(const Pairs& pairs, const EvaluateOptions& options,
                         std::optional<double> p_value = {}) {
  constexpr double kPower = 0.8;
  const double alpha = 1 - options.confidence;
  const statistics::BootstrapOptions bootstrap{
      .confidence = options.confidence, .resamples = options.resamples, .seed = options.seed};
  Difference difference{mean(pairs.first), mean(pairs.second), {}};
  // Amounts that are the same on every line differ by nothing, where right and wrong may still do elsewhere.
  if (p_value || pairs.first != pairs.second)
    difference.paired = statistics::compare_paired(pairs.first, pairs.second, bootstrap);
  if (p_value) difference.paired.p_value = *p_value;
  difference.is_shown = difference.paired.p_value <= alpha;
  if (!difference.is_shown)
    difference.lines_to_show = statistics::pairs_to_show(pairs.first, pairs.second, alpha, kPower);
  return difference;
}

}  // namespace

Comparison compare(const JudgedLines& first, const JudgedLines& second, const EvaluateOptions& options) {
  Comparison result;
  std::array<Pairs, kMeasures.size()> amounts;
  std::vector<bool> is_first_right, is_second_right;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] && !second[i]) ++result.only_first;
    if (!first[i] && second[i]) ++result.only_second;
    if (!first[i] || !second[i]) continue;
    ++result.both;
    for (std::size_t measure = 0; measure < kMeasures.size(); ++measure) {
      const auto& [one, other] = std::pair{first[i]->measures[measure], second[i]->measures[measure]};
      if (!one || !other) continue;
      amounts[measure].first.push_back(*one);
      amounts[measure].second.push_back(*other);
    }
    if (!first[i]->is_right || !second[i]->is_right) continue;
    is_first_right.push_back(*first[i]->is_right);
    is_second_right.push_back(*second[i]->is_right);
  }
  result.judged = is_first_right.size();
  result.right = statistics::mcnemar(is_first_right, is_second_right);
  if (result.judged > 0) {
    const Pairs right{{is_first_right.begin(), is_first_right.end()},
                      {is_second_right.begin(), is_second_right.end()}};
    result.accuracy = difference_of(right, options, result.right.p_value);
  }
  for (std::size_t measure = 0; measure < kMeasures.size(); ++measure)
    if (result.both > 0 && amounts[measure].first.size() == result.both)
      result.means[measure] = difference_of(amounts[measure], options);
  return result;
}

}  // namespace slm::runtime
