#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "evidence/signals.h"
#include "statistics/logistic.h"

namespace slm {

/// max softmax(ln p / T) of the label probabilities p (Guo et al. 2017, arXiv 1706.04599). Its signal is
/// `max_prob`, the confidence at T = 1.
struct TemperatureScaling {
  double temperature = 1;  ///< above 0

  bool operator==(const TemperatureScaling&) const = default;
};

/// 1 / (1 + exp(-(slope s + intercept))) of one signal s (Platt 1999).
struct PlattScaling {
  double slope = 0;
  double intercept = 0;

  bool operator==(const PlattScaling&) const = default;
};

/// Points of rising signals and probabilities, between which it is linear and beyond which it is constant
/// (Zadrozny and Elkan 2002).
struct IsotonicScaling {
  std::vector<std::pair<double, double>> points;

  bool operator==(const IsotonicScaling&) const = default;
};

/// A logistic regression over several signals, a weight each (Gupta et al. 2024, arXiv 2404.10136).
using LogisticScaling = statistics::LogisticModel;

/// From the simplest on, in the order of `CalibrationMap`.
enum class CalibrationMethod { temperature, platt, isotonic, logistic };
using CalibrationMap = std::variant<TemperatureScaling, PlattScaling, IsotonicScaling, LogisticScaling>;

std::string_view to_string(CalibrationMethod method);
std::optional<CalibrationMethod> parse_calibration_method(std::string_view name);

/// What a calibration was fitted for: with other weights or another question, the same signal means something
/// else.
struct CalibrationBinding {
  std::string model;         ///< `ModelInfo::checksum`, or a remote model's name
  std::string quantisation;  ///< empty where it is not known
  std::string prompt;        ///< `text_checksum` of what the model is asked

  bool operator==(const CalibrationBinding&) const = default;
};

/// What a calibration is wanted for.
struct CalibrationUse {
  std::optional<Signal> signal;  ///< the only one it may be of; empty: any
  /// All that it must be bound to, asked only where it is bound to anything; empty: not checked.
  std::function<std::vector<CalibrationBinding>()> bindings;
};

/// Turns evidence into the probability that the answer is right, by a map fitted beforehand. The file format
/// is in docs/pipeline-format.md. Immutable once made; any thread.
struct Calibration {
  std::vector<Signal> signals;  ///< one; with `logistic` as many as weights
  CalibrationMap map;
  std::vector<CalibrationBinding> bound_to;  ///< all that its examples came from; empty: to anything

  CalibrationMethod method() const { return static_cast<CalibrationMethod>(map.index()); }

  /// In [0, 1]; empty where evidence for a signal is missing or not a number.
  std::optional<double> probability(const Evidence& evidence) const;

  /// Throws `ModelError` with file, line and column where it cannot be read, is no calibration, or is none
  /// for this use.
  static Calibration load(const std::filesystem::path& file, const CalibrationUse& use = {});

  /// Replaces the file in one step. Each line of `comment` becomes a comment at its top. Throws
  /// `std::system_error`.
  void save(const std::filesystem::path& file, std::string_view comment) const;
};

}  // namespace slm
