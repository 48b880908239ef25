#pragma once

#include "models/llama/weights.h"

namespace slm::llama {

/// The working memory of a model: KV cache for `context` tokens in each slot, and compute buffers. Throws
/// `ModelError` if there is not enough memory or the options make no sense.
ContextHandle make_context(const Weights& weights, const LlamaOptions& options, int context);

/// Tokens whose logits one step may ask for; llama.cpp reserves memory for so many rows of the vocabulary.
int logits_per_step(const LlamaOptions& options);

}  // namespace slm::llama
