#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "runtime/evaluate/evaluation.h"
#include "runtime/input/source.h"

namespace slm::runtime {

struct EvaluateArguments {
  std::filesystem::path subject;  ///< a pipeline, or where named as JSON lines the outcomes of a run
  std::filesystem::path against;  ///< another; empty: nothing is compared
  std::vector<std::filesystem::path> data;
  SourceOptions source;
  EvaluateOptions options;
  std::filesystem::path output;  ///< outcomes of the subject, and whether they are right; empty: nowhere
  std::filesystem::path report;  ///< an HTML file; empty: none
  std::filesystem::path record;  ///< the calls of all models are added to this recording; empty: to none
  std::optional<std::chrono::milliseconds> timeout;
  std::size_t max_in_flight = 256;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph evaluate`: measures a pipeline or an earlier run on labelled lines, or compares two. Throws
/// PipelineError, DataError, InputError, UsageError, OutputError and WriteError.
int evaluate(const EvaluateArguments& arguments);

}  // namespace slm::runtime
