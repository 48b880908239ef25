#pragma once

#include <filesystem>

#include "models/llama/quantize.h"

namespace slm::runtime {

struct QuantizeArguments {
  std::filesystem::path file;
  std::filesystem::path output;
  llama::QuantizeOptions options;
  bool is_forced = false;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph models quantize`: a GGUF model with weights of other types. The output is there whole or not at
/// all. Throws UsageError, OutputError and ModelError.
int quantize_model(const QuantizeArguments& arguments);

}  // namespace slm::runtime
