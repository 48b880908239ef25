#pragma once

#include <filesystem>
#include <string>

#include "models/llama/handles.h"
#include "models/llama/options.h"
#include "models/model.h"

namespace slm::llama {

/// The header alone, without the tensors' data. Throws `ModelError` if the file is no GGUF.
GgufHandle open_gguf(const std::filesystem::path& file);

/// As files and their users spell it: `F32`, `Q8_0`, `Q4_K`, …
std::string type_name(ggml_type type);

/// What a GGUF file says of itself, with the memory that it takes with these options; reads its header, and
/// the whole file once for the checksum, but loads no weights. Throws `ModelError` if the file is no whole
/// GGUF model.
ModelInfo inspect_gguf(const std::filesystem::path& file, const LlamaOptions& options);

/// What keys and values are kept in.
ggml_type ggml_type_of(LlamaOptions::KvType type);

/// Tokens for each slot: as the options ask, else as trained, at most 2048.
int context_of(const ModelInfo& info, const LlamaOptions& options);

}  // namespace slm::llama
