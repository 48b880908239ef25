#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace slm::statistics {

/// 1 / (1 + exp(-z)), without overflow.
double sigmoid(double z);

/// The probability 1 / (1 + exp(-(intercept + Σ weight · feature))).
struct LogisticModel {
  double intercept = 0;
  std::vector<double> weights;

  double probability(std::span<const double> features) const;
  bool operator==(const LogisticModel&) const = default;
};

/// Rows of `feature_count` features each, one after the other, and a target in [0, 1] for each row: 0 and 1,
/// or probabilities between. All finite, at least one row.
struct LogisticData {
  std::span<const double> features;
  std::span<const double> targets;
  std::size_t feature_count = 1;
};

/// Minimises Σ log loss + penalty / 2 · Σ weight², the weights being those of features brought to mean 0 and
/// variance 1, by Newton's method (IRLS) with halved steps. The intercept is free. With a penalty above 0 the
/// weights are finite for any data, also where one feature decides; a constant feature has weight 0. The same
/// bits for the same data on one machine. Any thread.
LogisticModel fit_logistic(const LogisticData& data, double penalty = 1);

}  // namespace slm::statistics
