#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "models/calibration/calibration.h"
#include "models/model.h"
#include "models/text_file.h"

namespace slm {
namespace {

constexpr std::array kMethods{CalibrationMethod::temperature, CalibrationMethod::platt,
                              CalibrationMethod::isotonic, CalibrationMethod::logistic};

std::string described(const CalibrationBinding& binding) {
  return "model `" + binding.model + "`" +
         (binding.quantisation.empty() ? "" : " (" + binding.quantisation + ")") + " with prompt `" +
         binding.prompt + "`";
}

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

  Calibration calibration() const {
    check_keys();
    const CalibrationMethod method = this->method();
    Calibration result{signals(method), map(method), bindings()};
    const std::size_t expected =
        method == CalibrationMethod::logistic ? std::get<LogisticScaling>(result.map).weights.size() : 1;
    if (result.signals.size() != expected)
      refuse(place_of_signals(), "here are " + std::to_string(result.signals.size()) + " signals; expected " +
                                     std::to_string(expected) + " for `" + std::string{to_string(method)} +
                                     '`');
    return result;
  }

  void check_signal(const Calibration& calibration, const Signal& expected) const {
    if (calibration.signals == std::vector{expected}) return;
    std::string names;
    for (const Signal& signal : calibration.signals)
      names.append(names.empty() ? "`" : ", `").append(to_string(signal)).append("`");
    refuse(place_of_signals(),
           "it was fitted for " + names + "; expected the signal of the gate, `" + to_string(expected) + '`');
  }

  void check_bindings(const Calibration& calibration, const std::vector<CalibrationBinding>& expected) const {
    const std::vector<CalibrationBinding>& own = calibration.bound_to;
    for (const CalibrationBinding& binding : expected) {
      if (std::find(own.begin(), own.end(), binding) != own.end()) continue;
      std::string names;
      for (const CalibrationBinding& one : own) names += (names.empty() ? "" : " and ") + described(one);
      refuse(root_["bound_to"], "it was fitted for " + names + ", and now there is " + described(binding) +
                                    "; run `slm-graph calibrate` again");
    }
  }

 private:
  using Points = std::vector<std::pair<double, double>>;

  YAML::Node parsed() const {
    try {
      return YAML::Load(read_text_file(file_));
    } catch (const YAML::Exception& error) {
      refuse(error.mark, "not YAML: " + error.msg);
    }
  }

  void check_keys() const {
    for (const auto& entry : root_) {
      const std::string key = text_of(entry.first);
      if (key != "calibration" && key != "bound_to" && key != "signal" && key != "signals" &&
          !parse_calibration_method(key))
        refuse(entry.first, "unknown key `" + key +
                                "`; expected `calibration`, `bound_to`, `signal`, `signals` and the method");
    }
  }

  CalibrationMethod method() const {
    std::optional<CalibrationMethod> found;
    for (const CalibrationMethod method : kMethods) {
      if (!root_[std::string{to_string(method)}].IsDefined()) continue;
      if (found)
        refuse(root_, std::string{"it has both `"}.append(to_string(*found)) + "` and `" +
                          std::string{to_string(method)} + "`; expected one of them");
      found = method;
    }
    if (!found) refuse(root_, "it has no method; expected `temperature`, `platt`, `isotonic` or `logistic`");
    return *found;
  }

  YAML::Node place_of_signals() const {
    for (const char* key : {"signal", "signals"})
      if (root_[key].IsDefined()) return root_[key];
    return root_;
  }

  std::vector<Signal> signals(CalibrationMethod method) const {
    const YAML::Node one = root_["signal"], several = root_["signals"];
    if (one.IsDefined() && several.IsDefined())
      refuse(several, "it has both `signal` and `signals`; expected one of them");
    if (method == CalibrationMethod::temperature) {
      if (several.IsDefined() || (one.IsDefined() && signal(one) != Signal{SignalKind::max_prob}))
        refuse(place_of_signals(),
               "`temperature` scales all label probabilities; expected `signal: max_prob` or none");
      return {{SignalKind::max_prob}};
    }
    if (!several.IsDefined()) return {signal(required(root_, "signal"))};
    if (!several.IsSequence()) refuse(several, "`signals` is no list");
    std::vector<Signal> result;
    for (const YAML::Node& each : several) result.push_back(signal(each));
    return result;
  }

  Signal signal(const YAML::Node& name) const {
    const std::optional<Signal> known = parse_signal(text_of(name));
    if (!known) refuse(name, "there is no signal `" + text_of(name) + "`");
    return *known;
  }

  CalibrationMap map(CalibrationMethod method) const {
    const YAML::Node value = root_[std::string{to_string(method)}];
    switch (method) {
      case CalibrationMethod::temperature: {
        const double temperature = number(value, "`temperature`");
        if (temperature <= 0)
          refuse(value, "`temperature` is `" + text_of(value) + "`; expected more than 0");
        return TemperatureScaling{temperature};
      }
      case CalibrationMethod::platt:
        check_mapping(value, "`platt` is no mapping; expected `slope` and `intercept`");
        return PlattScaling{number(required(value, "slope"), "`slope`"),
                            number(required(value, "intercept"), "`intercept`")};
      case CalibrationMethod::isotonic:
        return IsotonicScaling{rising_points(value)};
      case CalibrationMethod::logistic:
        break;
    }
    check_mapping(value, "`logistic` is no mapping; expected `intercept` and `weights`");
    LogisticScaling logistic{number(required(value, "intercept"), "`intercept`"), {}};
    const YAML::Node weights = required(value, "weights");
    if (!weights.IsSequence() || weights.size() == 0) refuse(weights, "`weights` is no list of numbers");
    for (const YAML::Node& weight : weights) logistic.weights.push_back(number(weight, "a weight"));
    return logistic;
  }

  Points rising_points(const YAML::Node& list) const {
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

  std::vector<CalibrationBinding> bindings() const {
    const YAML::Node list = root_["bound_to"];
    std::vector<CalibrationBinding> result;
    if (!list.IsDefined()) return result;
    if (!list.IsSequence()) return {binding(list)};
    for (const YAML::Node& each : list) result.push_back(binding(each));
    return result;
  }

  CalibrationBinding binding(const YAML::Node& value) const {
    check_mapping(value, "`bound_to` is no mapping; expected `model`, `quantisation` and `prompt`");
    return {text_of(required(value, "model")), text_of(required(value, "quantisation")),
            text_of(required(value, "prompt"))};
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    std::string place = file_.string();
    if (!mark.is_null())
      place.append(":" + std::to_string(mark.line + 1)).append(":" + std::to_string(mark.column + 1));
    throw ModelError{place + ": " + what};
  }
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& what) const {
    refuse(node.Mark(), what);
  }

  void check_mapping(const YAML::Node& value, const char* otherwise) const {
    if (!value.IsMap()) refuse(value, otherwise);
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

Calibration Calibration::load(const std::filesystem::path& file, const CalibrationUse& use) {
  const CalibrationReader reader{file};
  Calibration result = reader.calibration();
  if (use.signal) reader.check_signal(result, *use.signal);
  if (use.bindings && !result.bound_to.empty()) reader.check_bindings(result, use.bindings());
  return result;
}

}  // namespace slm
