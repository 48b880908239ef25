#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <span>
#include <sstream>

#include "models/calibration/calibration.h"
#include "models/replace_file.h"

namespace slm {
namespace {

/// The shortest digits that read back as the same number.
std::string digits(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

void write(YAML::Emitter& yaml, const CalibrationBinding& binding) {
  const auto member = [&](const char* key, const std::string& value) {
    yaml << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
  };
  yaml << YAML::Flow << YAML::BeginMap;
  member("model", binding.model);
  member("quantisation", binding.quantisation);
  member("prompt", binding.prompt);
  yaml << YAML::EndMap;
}

struct MapWriter {
  YAML::Emitter& yaml;

  void operator()(const TemperatureScaling& map) { yaml << digits(map.temperature); }
  void operator()(const PlattScaling& map) {
    yaml << YAML::Flow << YAML::BeginMap << YAML::Key << "slope" << YAML::Value << digits(map.slope)
         << YAML::Key << "intercept" << YAML::Value << digits(map.intercept) << YAML::EndMap;
  }
  void operator()(const IsotonicScaling& map) {
    yaml << YAML::BeginSeq;
    for (const auto& [signal, probability] : map.points)
      yaml << YAML::Flow << YAML::BeginSeq << digits(signal) << digits(probability) << YAML::EndSeq;
    yaml << YAML::EndSeq;
  }
  void operator()(const LogisticScaling& map) {
    yaml << YAML::BeginMap << YAML::Key << "intercept" << YAML::Value << digits(map.intercept) << YAML::Key
         << "weights" << YAML::Value << YAML::BeginSeq;
    for (const double weight : map.weights) yaml << digits(weight);
    yaml << YAML::EndSeq << YAML::EndMap;
  }
};

}  // namespace

void Calibration::save(const std::filesystem::path& file, std::string_view comment) const {
  YAML::Emitter yaml;
  yaml << YAML::BeginMap << YAML::Key << "calibration" << YAML::Value << 1;
  if (!bound_to.empty()) {
    yaml << YAML::Key << "bound_to" << YAML::Value << YAML::BeginSeq;
    for (const CalibrationBinding& binding : bound_to) write(yaml, binding);
    yaml << YAML::EndSeq;
  }
  if (signals.size() == 1) {
    yaml << YAML::Key << "signal" << YAML::Value << to_string(signals.front());
  } else {
    yaml << YAML::Key << "signals" << YAML::Value << YAML::BeginSeq;
    for (const Signal& signal : signals) yaml << to_string(signal);
    yaml << YAML::EndSeq;
  }
  yaml << YAML::Key << std::string{to_string(method())} << YAML::Value;
  std::visit(MapWriter{yaml}, map);
  yaml << YAML::EndMap;
  std::string text;
  std::istringstream lines{std::string{comment}};
  for (std::string line; std::getline(lines, line);) text.append("# ").append(line).append("\n");
  text.append(yaml.c_str()).append("\n");
  replace_file(file, std::as_bytes(std::span{text}), {});
}

}  // namespace slm
