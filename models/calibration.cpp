#include "models/calibration.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "models/model.h"

namespace slm {
namespace {

double finite(const YAML::Node& node) {
  const auto value = node.as<double>();
  if (!std::isfinite(value)) throw ModelError{"a number is not finite"};
  return value;
}

std::vector<std::pair<double, double>> rising_points(const YAML::Node& list) {
  std::vector<std::pair<double, double>> points;
  for (const YAML::Node& point : list) points.emplace_back(finite(point[0]), finite(point[1]));
  const auto falls = [](const auto& a, const auto& b) { return a.first >= b.first || a.second > b.second; };
  const bool is_probability =
      std::all_of(points.begin(), points.end(), [](auto& p) { return p.second >= 0 && p.second <= 1; });
  if (points.empty() || !is_probability ||
      std::adjacent_find(points.begin(), points.end(), falls) != points.end())
    throw ModelError{"`isotonic` must list points [signal, probability] that rise"};
  return points;
}

}  // namespace

Calibration Calibration::load(const std::filesystem::path& file, const Signal& signal) {
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    if (root["calibration"].as<int>() != 1) throw ModelError{"its version is not 1; use a newer slm-graph"};
    const auto fitted_for = root["signal"].as<std::string>();
    if (parse_signal(fitted_for) != signal)
      throw ModelError{"it was fitted for `" + fitted_for + "`, the gate reads `" + to_string(signal) + "`"};
    Calibration calibration;
    if (const YAML::Node platt = root["platt"]) {
      calibration.slope_ = finite(platt["slope"]);
      calibration.intercept_ = finite(platt["intercept"]);
    } else {
      calibration.points_ = rising_points(root["isotonic"]);
    }
    return calibration;
  } catch (const YAML::Exception& error) {
    throw ModelError{"calibration `" + file.string() + "`: " + error.what()};
  } catch (const ModelError& error) {
    throw ModelError{"calibration `" + file.string() + "`: " + error.what()};
  }
}

double Calibration::probability(double signal) const {
  if (points_.empty()) return 1 / (1 + std::exp(-(slope_ * signal + intercept_)));
  const auto above = std::lower_bound(points_.begin(), points_.end(), signal,
                                      [](const auto& point, double value) { return point.first < value; });
  if (above == points_.begin()) return above->second;
  if (above == points_.end()) return points_.back().second;
  const auto& [low, low_probability] = above[-1];
  const double share = (signal - low) / (above->first - low);
  return low_probability + share * (above->second - low_probability);
}

}  // namespace slm
