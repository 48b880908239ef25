#include "models/calibration.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "models/model.h"
#include "models/text_file.h"

namespace slm {
namespace {

using Points = std::vector<std::pair<double, double>>;

/// The file while it is read: says of each mistake where it stands.
class CalibrationReader {
 public:
  explicit CalibrationReader(const std::filesystem::path& file) : file_{file}, root_{parsed()} {
    if (!root_.IsMap())
      refuse(root_, root_.IsNull() ? "it is empty; expected a calibration" : "it is no calibration");
    const YAML::Node version = required(root_, "calibration");
    if (text_of(version) != "1")
      refuse(version, "`calibration` is `" + text_of(version) +
                          "`; expected 1, the version of this format that slm-graph reads");
  }

  void check_signal(const Signal& expected) const {
    const YAML::Node signal = required(root_, "signal");
    if (parse_signal(text_of(signal)) != expected)
      refuse(signal, "it was fitted for `" + text_of(signal) + "`; expected the signal of the gate, `" +
                         to_string(expected) + '`');
  }

  bool is_platt() const {
    const bool has_platt = root_["platt"].IsDefined();
    if (has_platt == root_["isotonic"].IsDefined())
      refuse(root_, has_platt ? "it has both `platt` and `isotonic`; expected one of them"
                              : "it has neither `platt` nor `isotonic`; expected one of them");
    return has_platt;
  }

  double platt(const char* key) const {
    const YAML::Node platt = root_["platt"];
    if (!platt.IsMap()) refuse(platt, "`platt` is no mapping; expected `slope` and `intercept`");
    return number(required(platt, key), std::string{"`"} + key + '`');
  }

  Points rising_points() const {
    const YAML::Node list = root_["isotonic"];
    if (!list.IsSequence() || list.size() == 0)
      refuse(list, "`isotonic` is no list of points; expected [[signal, probability], …]");
    Points points;
    for (const YAML::Node& pair : list) {
      if (!pair.IsSequence() || pair.size() != 2)
        refuse(pair, "a point of `isotonic` is no pair; expected [signal, probability]");
      const std::pair point{number(pair[0], "a signal of `isotonic`"),
                            number(pair[1], "a probability of `isotonic`")};
      if (point.second < 0 || point.second > 1)
        refuse(pair[1], "a probability of `isotonic` is `" + text_of(pair[1]) + "`; expected 0 to 1");
      if (!points.empty() && (point.first <= points.back().first || point.second < points.back().second))
        refuse(pair, "the points of `isotonic` fall here; expected rising signals and probabilities");
      points.push_back(point);
    }
    return points;
  }

 private:
  YAML::Node parsed() const {
    try {
      return YAML::Load(read_text_file(file_));
    } catch (const YAML::Exception& error) {
      refuse(error.mark, "not YAML: " + error.msg);
    }
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    std::string place = file_.string();
    if (!mark.is_null()) place += ':' + std::to_string(mark.line + 1) + ':' + std::to_string(mark.column + 1);
    throw ModelError{place + ": " + what};
  }
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& what) const {
    refuse(node.Mark(), what);
  }

  YAML::Node required(const YAML::Node& mapping, const char* key) const {
    const YAML::Node value = mapping[key];
    if (!value.IsDefined()) refuse(mapping, std::string{"it lacks `"} + key + '`');
    return value;
  }

  static std::string text_of(const YAML::Node& value) { return value.IsScalar() ? value.Scalar() : ""; }

  double number(const YAML::Node& value, const std::string& name) const {
    double number = 0;
    if (!value.IsScalar() || !YAML::convert<double>::decode(value, number) || !std::isfinite(number))
      refuse(value, name + " is `" + text_of(value) + "`; expected a number");
    return number;
  }

  const std::filesystem::path& file_;
  YAML::Node root_;
};

}  // namespace

Calibration Calibration::load(const std::filesystem::path& file, const Signal& signal) {
  const CalibrationReader reader{file};
  reader.check_signal(signal);
  Calibration calibration;
  if (reader.is_platt()) {
    calibration.slope_ = reader.platt("slope");
    calibration.intercept_ = reader.platt("intercept");
  } else {
    calibration.points_ = reader.rising_points();
  }
  return calibration;
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
