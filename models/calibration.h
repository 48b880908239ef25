#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "evidence/signals.h"

namespace slm {

/// Turns a signal into the probability that the answer is right, by a monotone map fitted beforehand.
///
/// The file is YAML: `calibration: 1`, `signal: NAME`, and either `platt: { slope: A, intercept: B }` for
/// 1 / (1 + exp(-(A s + B))) (Platt 1999), or `isotonic: [[s, p], …]`, points with rising s and p, between
/// which it is linear and beyond which it is constant (Zadrozny and Elkan 2002).
class Calibration {
 public:
  /// Throws `ModelError` with file, line and column where it cannot be read, is no calibration, or was fitted
  /// for another signal.
  static Calibration load(const std::filesystem::path& file, const Signal& signal);

  /// In [0, 1]. Any thread.
  double probability(double signal) const;

 private:
  double slope_ = 0;
  double intercept_ = 0;
  std::vector<std::pair<double, double>> points_;  ///< empty: Platt
};

}  // namespace slm
