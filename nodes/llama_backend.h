#pragma once

#include <string>

#include "graph/pipeline.h"
#include "models/llama/options.h"
#include "nodes/model_resource.h"

namespace slm {

bool is_llama(const ModelSpec& model);

/// As the entry has them, but for the prefixes. Of a model of this backend, as all below.
const LlamaOptions& llama_options(const ModelSpec& model);

/// Null where its answers are not kept.
const cache::CacheOptions* llama_cache(const ModelSpec& model);

/// What the model's files say of themselves. Throws `ModelError`.
ModelInfo llama_info(const ModelSpec& model);

/// Tells keys and values that are rounded, which give other answers; empty for those that are not, and for
/// other backends.
std::string kv_type_of(const ModelSpec& model);

}  // namespace slm
