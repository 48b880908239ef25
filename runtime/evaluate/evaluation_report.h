#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "runtime/evaluate/comparison.h"
#include "runtime/evaluate/evaluation.h"

namespace slm::runtime {

/// A pipeline that ran, or an earlier run.
struct Evaluated {
  std::string name;
  Evaluation evaluation;
  std::size_t missing = 0;   ///< lines of which no outcome is known
  std::size_t repeated = 0;  ///< outcomes of an earlier run that no single line could be found for
  std::size_t unknown = 0;   ///< those that are of no line
};

/// What `evaluate` has found, for people and for programs.
struct EvaluationReport {
  std::string data;  ///< `1,000 lines of dev.jsonl`
  EvaluateOptions options;
  Evaluated first;
  std::optional<Evaluated> second;  ///< what it is compared with
  std::optional<Comparison> comparison;
  bool is_interrupted = false;
};

std::string to_text(const EvaluationReport& report);
/// One JSON object.
std::string to_json(const EvaluationReport& report);

}  // namespace slm::runtime
