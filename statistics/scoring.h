#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

/// How good confidences are, by answers of which it is known whether they are right. Any order of the answers
/// gives the same, those of equal confidence being taken together. All take at least one answer; any thread.
namespace slm::statistics {

struct ScoredAnswer {
  double confidence = 0;  ///< in [0, 1] for all that takes it as a probability; finite for the others
  bool is_right = false;

  bool operator==(const ScoredAnswer&) const = default;
};

double accuracy(std::span<const ScoredAnswer> answers);

/// Mean squared error of the confidences (Brier 1950): 0 is best; always saying 0.5 gives 0.25.
double brier_score(std::span<const ScoredAnswer> answers);

/// Mean natural log loss. Confidences are taken as at least 1e-7 from 0 and 1, the precision of evidence, so
/// that one sure mistake costs 16 and not infinity.
double log_loss(std::span<const ScoredAnswer> answers);
double log_loss(const ScoredAnswer& answer);

/// How confidences are put together to compare them to shares of right answers.
enum class Binning {
  equal_mass,   ///< as many answers in each, but for ties
  equal_width,  ///< each as wide
};

struct ReliabilityBin {
  double mean_confidence = 0;
  double accuracy = 0;
  std::size_t count = 0;
};

/// From the lowest to the highest, empty ones left out. Bins of equal mass are the default: confidences crowd
/// near 1, where bins of equal width hold nearly all answers in one and have too few for a share in the
/// others (Nixon et al. 2019, arXiv 1904.01685).
std::vector<ReliabilityBin> reliability_bins(std::span<const ScoredAnswer> answers,
                                             Binning binning = Binning::equal_mass, std::size_t bins = 15);

/// ECE, the mean distance of confidence and accuracy over the bins, weighted by count (Naeini et al. 2015,
/// Guo et al. 2017, arXiv 1706.04599). Few answers a bin make it too large.
double calibration_error(std::span<const ReliabilityBin> bins);

/// The chance that a right answer has more confidence than a wrong one, equals counting half (Mann and
/// Whitney 1947); empty where all are right or all wrong.
std::optional<double> area_under_roc(std::span<const ScoredAnswer> answers);

/// What comes of accepting all answers of at least this confidence.
struct RiskCoverage {
  double threshold = 0;
  std::size_t accepted = 0;
  std::size_t wrong = 0;  ///< of those accepted
  double coverage = 0;    ///< share accepted
  double risk = 0;        ///< share wrong of those accepted
};

/// A point for each confidence that occurs, from the highest down (El-Yaniv and Wiener 2010).
std::vector<RiskCoverage> risk_coverage_curve(std::span<const ScoredAnswer> answers);

/// AURC, the mean risk over all coverages (Geifman et al. 2019, arXiv 1805.08206): 0 is best. Coverages
/// within a tie have the risk of the whole tie.
double area_under_risk_coverage(std::span<const RiskCoverage> curve);

}  // namespace slm::statistics
