#include "models/calibration/fitted_map.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>

#include "statistics/isotonic.h"

namespace slm {
namespace {

using Rows = std::span<const CalibrationRow* const>;

/// Enough to tell features that are nearly the same apart, and too little to be seen with one.
constexpr double kNoPenalty = 1e-6;

double count_of(Rows rows, bool is_right) {
  return static_cast<double>(std::count_if(rows.begin(), rows.end(), [&](const CalibrationRow* row) {
    return row->example->is_right == is_right;
  }));
}

/// On the first `feature_count` values.
statistics::LogisticModel logistic(Rows rows, std::size_t feature_count, double penalty) {
  const double target_of_right = (count_of(rows, true) + 1) / (count_of(rows, true) + 2);
  const double target_of_wrong = 1 / (count_of(rows, false) + 2);
  std::vector<double> features, targets;
  for (const CalibrationRow* row : rows) {
    features.insert(features.end(), row->values.begin(),
                    row->values.begin() + static_cast<std::ptrdiff_t>(feature_count));
    targets.push_back(row->example->is_right ? target_of_right : target_of_wrong);
  }
  return statistics::fit_logistic({features, targets, feature_count}, penalty);
}

IsotonicScaling isotonic(Rows rows) {
  std::vector<statistics::WeightedPoint> points;
  points.reserve(rows.size());
  for (const CalibrationRow* row : rows)
    points.push_back({row->values.front(), row->example->is_right ? 1.0 : 0.0});
  const double least = 1 / (static_cast<double>(rows.size()) + 2);
  IsotonicScaling scaling;
  for (const statistics::IsotonicStep& step : statistics::fit_isotonic(points)) {
    const double probability = std::clamp(step.value, least, 1 - least);
    scaling.points.emplace_back(step.low, probability);
    if (step.high > step.low) scaling.points.emplace_back(step.high, probability);
  }
  return scaling;
}

double loss_at(double log_temperature, Rows rows) {
  const Calibration calibration{{{SignalKind::max_prob}}, TemperatureScaling{std::exp(log_temperature)}, {}};
  double loss = 0;
  for (const CalibrationRow* row : rows)
    loss += statistics::log_loss(
        {calibration.probability(row->example->evidence).value_or(0.5), row->example->is_right});
  return loss;
}

/// Between 1/20 and 20. The loss is not convex, since only right and wrong are known and not the right label:
/// so a grid tells where to look closely.
TemperatureScaling temperature(Rows rows) {
  constexpr int kSteps = 20, kBits = 12;
  const auto loss = [&](double log_temperature) { return loss_at(log_temperature, rows); };
  const double end = std::log(20.0), width = 2 * end / kSteps;
  double best = 0, least = loss(0);
  for (int i = 0; i <= kSteps; ++i) {
    const double here = -end + i * width, loss_here = loss(here);
    if (loss_here >= least) continue;
    best = here;
    least = loss_here;
  }
  const double low = std::max(best - width, -end), high = std::min(best + width, end);
  return {std::exp(boost::math::tools::brent_find_minima(loss, low, high, kBits).first)};
}

}  // namespace

CalibrationMap fitted_map(CalibrationMethod method, Rows rows) {
  switch (method) {
    case CalibrationMethod::temperature:
      return temperature(rows);
    case CalibrationMethod::platt: {
      const statistics::LogisticModel line = logistic(rows, 1, kNoPenalty);
      return PlattScaling{line.weights.front(), line.intercept};
    }
    case CalibrationMethod::isotonic:
      return isotonic(rows);
    case CalibrationMethod::logistic:
      break;
  }
  return logistic(rows, rows.front()->values.size(), 1);
}

}  // namespace slm
