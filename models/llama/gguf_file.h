#pragma once

#include <filesystem>

#include "models/llama/options.h"
#include "models/model.h"

namespace slm::llama {

/// What a GGUF file says of itself, with the memory that it takes with these options; reads its header, and
/// the whole file once for the checksum, but loads no weights. Throws `ModelError` if the file is no whole
/// GGUF model.
ModelInfo inspect_gguf(const std::filesystem::path& file, const LlamaOptions& options);

/// Tokens for each slot: as the options ask, else as trained, at most 2048.
int context_of(const ModelInfo& info, const LlamaOptions& options);

}  // namespace slm::llama
