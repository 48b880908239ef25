#include "models/calibration/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace slm {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<CalibrationMap>> kNames{"temperature", "platt",
                                                                                   "isotonic", "logistic"};

/// Empty where a probability is not a number.
std::optional<double> scaled(const TemperatureScaling& map, std::span<const float> probabilities) {
  const double best = std::log(*std::max_element(probabilities.begin(), probabilities.end()));
  double sum = 0;
  for (const float p : probabilities) sum += std::exp((std::log(double{p}) - best) / map.temperature);
  return std::isfinite(sum) ? std::optional{1 / sum} : std::nullopt;
}

double scaled(const IsotonicScaling& map, double signal) {
  const auto& points = map.points;
  const auto above = std::lower_bound(points.begin(), points.end(), signal,
                                      [](const auto& point, double value) { return point.first < value; });
  if (above == points.begin()) return above->second;
  if (above == points.end()) return points.back().second;
  const auto& [low, low_probability] = above[-1];
  const double share = (signal - low) / (above->first - low);
  return low_probability + share * (above->second - low_probability);
}

std::optional<double> finite(const Signal& signal, const Evidence& evidence) {
  const std::optional<double> value = evaluate(signal, evidence);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

std::string_view to_string(CalibrationMethod method) {
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<CalibrationMethod> parse_calibration_method(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CalibrationMethod>(found - kNames.begin());
}

std::optional<double> Calibration::probability(const Evidence& evidence) const {
  if (const auto* logistic = std::get_if<LogisticScaling>(&map)) {
    std::vector<double> values;
    for (const Signal& signal : signals) {
      const std::optional<double> value = finite(signal, evidence);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    return logistic->probability(values);
  }
  const std::optional<double> value = finite(signals.front(), evidence);
  if (!value) return std::nullopt;
  if (const auto* platt = std::get_if<PlattScaling>(&map))
    return statistics::sigmoid(platt->slope * *value + platt->intercept);
  if (const auto* isotonic = std::get_if<IsotonicScaling>(&map)) return scaled(*isotonic, *value);
  return scaled(std::get<TemperatureScaling>(map), evidence.labels.probabilities);
}

}  // namespace slm
