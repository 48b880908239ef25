#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "models/generator.h"

namespace slm {

struct EmbeddingRequest {
  std::string text;
  Patience patience;
};

/// A text as a point: as wide for every text of a model, and of length 1, so that the cosine of two texts is
/// their inner product.
using Embedding = std::vector<float>;
using EmbeddingResult = std::variant<Embedding, ModelFailure>;

/// A model that tells how near texts are to each other. Same contract as `Generator`.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual void embed(EmbeddingRequest request, std::function<void(EmbeddingResult)> done) = 0;
};

/// A model that was opened to embed.
struct EmbeddingModel {
  std::shared_ptr<Embedder> embedder;
  std::string identity;    ///< what tells it from every other: embeddings of two are never compared
  bool is_remote = false;  ///< texts leave this process
};

/// Of length 1; a failure where these numbers point nowhere.
EmbeddingResult unit_embedding(std::vector<float> values);

}  // namespace slm
