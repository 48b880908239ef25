#pragma once

#include "models/embedder.h"
#include "models/openai/options.h"

namespace slm::openai {

/// An embedding model behind the `/embeddings` of an OpenAI-compatible HTTP API; no server is asked yet.
/// Throws `ModelError` where the options make no sense.
EmbeddingModel open_embedder(OpenAiOptions options);

}  // namespace slm::openai
