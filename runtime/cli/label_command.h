#pragma once

#include <filesystem>
#include <vector>

#include "runtime/input/source.h"
#include "runtime/tune/batch_labelling.h"

namespace slm::runtime {

struct LabelArguments {
  std::filesystem::path pipeline;
  std::filesystem::path input;
  std::filesystem::path output;
  std::vector<std::filesystem::path> known;  ///< lines that the top tier has answered already
  std::filesystem::path record;              ///< empty: what models answer is not kept
  SourceOptions source;
  BatchOptions options;
  std::size_t max_in_flight = 256;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph label`: answers a file as a whole, at as few calls to the top tier as a promise about the whole
/// allows. Throws PipelineError, UsageError and OutputError.
int label(const LabelArguments& arguments);

}  // namespace slm::runtime
