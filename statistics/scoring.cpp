#include "statistics/scoring.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace slm::statistics {
namespace {

constexpr double kLeastProbability = 1e-7;

/// Answers of the same confidence.
struct Tie {
  double confidence = 0;
  std::size_t count = 0;
  std::size_t right = 0;
};

/// By rising confidence.
std::vector<Tie> ties_of(std::span<const ScoredAnswer> answers) {
  std::vector<ScoredAnswer> sorted(answers.begin(), answers.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.confidence < b.confidence; });
  std::vector<Tie> ties;
  for (const ScoredAnswer& answer : sorted) {
    if (ties.empty() || ties.back().confidence < answer.confidence) ties.push_back({answer.confidence});
    ++ties.back().count;
    ties.back().right += answer.is_right ? 1U : 0U;
  }
  return ties;
}

template <class Score>
double mean(std::span<const ScoredAnswer> answers, const Score& score) {
  assert(!answers.empty());
  double sum = 0;
  for (const ScoredAnswer& answer : answers) sum += score(answer);
  return sum / static_cast<double>(answers.size());
}

}  // namespace

double accuracy(std::span<const ScoredAnswer> answers) {
  return mean(answers, [](const ScoredAnswer& answer) { return answer.is_right ? 1.0 : 0.0; });
}

double brier_score(std::span<const ScoredAnswer> answers) {
  return mean(answers, [](const ScoredAnswer& answer) {
    const double error = answer.confidence - (answer.is_right ? 1 : 0);
    return error * error;
  });
}

double log_loss(const ScoredAnswer& answer) {
  const double given = answer.is_right ? answer.confidence : 1 - answer.confidence;
  return -std::log(std::clamp(given, kLeastProbability, 1 - kLeastProbability));
}

double log_loss(std::span<const ScoredAnswer> answers) {
  return mean(answers, [](const ScoredAnswer& answer) { return log_loss(answer); });
}

std::vector<ReliabilityBin> reliability_bins(std::span<const ScoredAnswer> answers, Binning binning,
                                             std::size_t bins) {
  assert(bins > 0);
  std::vector<ReliabilityBin> sums(bins);
  std::size_t before = 0;
  for (const Tie& tie : ties_of(answers)) {
    // A tie goes where its middle answer does.
    const double share = binning == Binning::equal_width
                             ? tie.confidence
                             : (static_cast<double>(before) + static_cast<double>(tie.count) / 2) /
                                   static_cast<double>(answers.size());
    const auto position = static_cast<std::size_t>(std::max(share, 0.0) * static_cast<double>(bins));
    ReliabilityBin& bin = sums[std::min(position, bins - 1)];
    bin.mean_confidence += tie.confidence * static_cast<double>(tie.count);
    bin.accuracy += static_cast<double>(tie.right);
    bin.count += tie.count;
    before += tie.count;
  }
  std::erase_if(sums, [](const ReliabilityBin& bin) { return bin.count == 0; });
  for (ReliabilityBin& bin : sums) {
    bin.mean_confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return sums;
}

double calibration_error(std::span<const ReliabilityBin> bins) {
  assert(!bins.empty());
  double sum = 0, count = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += std::abs(bin.accuracy - bin.mean_confidence) * static_cast<double>(bin.count);
    count += static_cast<double>(bin.count);
  }
  return sum / count;
}

std::optional<double> area_under_roc(std::span<const ScoredAnswer> answers) {
  double right_above_wrong = 0, right = 0, wrong = 0;
  for (const Tie& tie : ties_of(answers)) {
    const auto right_here = static_cast<double>(tie.right);
    const auto wrong_here = static_cast<double>(tie.count - tie.right);
    right_above_wrong += right_here * (wrong + wrong_here / 2);
    right += right_here;
    wrong += wrong_here;
  }
  if (right == 0 || wrong == 0) return std::nullopt;
  return right_above_wrong / (right * wrong);
}

std::vector<RiskCoverage> risk_coverage_curve(std::span<const ScoredAnswer> answers) {
  const std::vector<Tie> ties = ties_of(answers);
  std::vector<RiskCoverage> curve;
  curve.reserve(ties.size());
  std::size_t accepted = 0, wrong = 0;
  for (auto tie = ties.rbegin(); tie != ties.rend(); ++tie) {
    accepted += tie->count;
    wrong += tie->count - tie->right;
    curve.push_back({tie->confidence, accepted, wrong,
                     static_cast<double>(accepted) / static_cast<double>(answers.size()),
                     static_cast<double>(wrong) / static_cast<double>(accepted)});
  }
  return curve;
}

double area_under_risk_coverage(std::span<const RiskCoverage> curve) {
  double area = 0, covered = 0;
  for (const RiskCoverage& point : curve) {
    area += (point.coverage - covered) * point.risk;
    covered = point.coverage;
  }
  return area;
}

}  // namespace slm::statistics
