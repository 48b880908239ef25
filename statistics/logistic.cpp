#include "statistics/logistic.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace slm::statistics {
namespace {

using Vector = std::vector<double>;

constexpr int kMostSteps = 100;
constexpr int kMostHalvings = 30;
constexpr double kSmallestGain = 1e-12;
/// Keeps the intercept finite where all targets are 0 or all 1: too weak to be seen elsewhere.
constexpr double kInterceptPenalty = 1e-6;

/// ln(1 + exp(z)).
double softplus(double z) {
  return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
}

/// Each feature with mean 0 and variance 1, constant ones as 0, after a column of ones for the intercept.
class StandardisedRows {
 public:
  explicit StandardisedRows(const LogisticData& data)
      : width_{data.feature_count + 1}, means_(width_, 0.0), scales_(width_, 0.0) {
    const std::size_t count = data.targets.size();
    rows_.assign(count * width_, 1.0);
    for (std::size_t column = 1; column < width_; ++column) {
      const auto value = [&](std::size_t row) {
        return data.features[row * data.feature_count + column - 1];
      };
      double sum = 0, squares = 0, largest = 0;
      for (std::size_t row = 0; row < count; ++row) sum += value(row);
      means_[column] = sum / static_cast<double>(count);
      for (std::size_t row = 0; row < count; ++row) {
        squares += std::pow(value(row) - means_[column], 2);
        largest = std::max(largest, std::abs(value(row)));
      }
      const double deviation = std::sqrt(squares / static_cast<double>(count));
      // What rounding alone makes of a constant is no information.
      if (deviation > 1e-12 * largest) scales_[column] = 1 / deviation;
      for (std::size_t row = 0; row < count; ++row)
        rows_[row * width_ + column] = (value(row) - means_[column]) * scales_[column];
    }
  }

  std::size_t width() const { return width_; }
  std::span<const double> row(std::size_t i) const { return std::span{rows_}.subspan(i * width_, width_); }

  LogisticModel in_units_of_the_data(const Vector& weights) const {
    LogisticModel model{weights[0], Vector(width_ - 1)};
    for (std::size_t column = 1; column < width_; ++column) {
      model.weights[column - 1] = weights[column] * scales_[column];
      model.intercept -= model.weights[column - 1] * means_[column];
    }
    return model;
  }

 private:
  std::size_t width_;
  Vector means_, scales_, rows_;
};

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Solves A x = b by Cholesky's decomposition, A being positive definite; it is overwritten.
Vector solve(Vector& matrix, Vector b) {
  const std::size_t size = b.size();
  const auto at = [&](std::size_t row, std::size_t column) -> double& { return matrix[row * size + column]; };
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = at(i, j);
      for (std::size_t k = 0; k < j; ++k) rest -= at(i, k) * at(j, k);
      at(i, j) = i == j ? std::sqrt(rest) : rest / at(j, j);
    }
    for (std::size_t k = 0; k < i; ++k) b[i] -= at(i, k) * b[k];
    b[i] /= at(i, i);
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) b[i] -= at(k, i) * b[k];
    b[i] /= at(i, i);
  }
  return b;
}

class PenalisedLoss {
 public:
  PenalisedLoss(const StandardisedRows& rows, std::span<const double> targets, double penalty)
      : rows_{rows}, targets_{targets}, penalties_(rows.width(), penalty) {
    penalties_[0] = kInterceptPenalty;
  }

  double at(const Vector& weights) const {
    double loss = 0;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const double z = dot(weights, rows_.row(i));
      loss += softplus(z) - targets_[i] * z;
    }
    for (std::size_t i = 0; i < weights.size(); ++i) loss += penalties_[i] / 2 * weights[i] * weights[i];
    return loss;
  }

  /// Where the loss would be least if it were the parabola that it looks like here, less `weights`.
  Vector newton_step(const Vector& weights) const {
    const std::size_t width = rows_.width();
    Vector curvature(width * width, 0.0), downhill(width, 0.0);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const std::span<const double> row = rows_.row(i);
      const double p = sigmoid(dot(weights, row));
      for (std::size_t a = 0; a < width; ++a) {
        downhill[a] += (targets_[i] - p) * row[a];
        for (std::size_t b = 0; b <= a; ++b) curvature[a * width + b] += p * (1 - p) * row[a] * row[b];
      }
    }
    for (std::size_t a = 0; a < width; ++a) {
      downhill[a] -= penalties_[a] * weights[a];
      curvature[a * width + a] += penalties_[a];
    }
    return solve(curvature, std::move(downhill));
  }

 private:
  const StandardisedRows& rows_;
  std::span<const double> targets_;
  Vector penalties_;
};

}  // namespace

double sigmoid(double z) {
  return z < 0 ? std::exp(z) / (1 + std::exp(z)) : 1 / (1 + std::exp(-z));
}

double LogisticModel::probability(std::span<const double> features) const {
  return sigmoid(intercept + dot(weights, features));
}

LogisticModel fit_logistic(const LogisticData& data, double penalty) {
  assert(!data.targets.empty() && penalty > 0);
  assert(data.features.size() == data.targets.size() * data.feature_count);
  const StandardisedRows rows{data};
  const PenalisedLoss loss{rows, data.targets, penalty};
  Vector weights(rows.width(), 0.0);
  double reached = loss.at(weights);
  for (int i = 0; i < kMostSteps; ++i) {
    Vector step = loss.newton_step(weights);
    Vector next = weights;
    double ahead = reached;
    for (int halvings = 0; halvings < kMostHalvings; ++halvings) {
      std::transform(weights.begin(), weights.end(), step.begin(), next.begin(), std::plus<>{});
      ahead = loss.at(next);
      if (ahead <= reached) break;
      for (double& length : step) length /= 2;
    }
    if (!(ahead <= reached)) break;
    const double gain = reached - ahead;
    weights = std::move(next);
    reached = ahead;
    if (gain <= kSmallestGain * (1 + std::abs(reached))) break;
  }
  return rows.in_units_of_the_data(weights);
}

}  // namespace slm::statistics
