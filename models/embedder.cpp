#include "models/embedder.h"

#include <cmath>

namespace slm {

EmbeddingResult unit_embedding(std::vector<float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  if (!std::isfinite(squares) || squares <= 0)
    return ModelFailure{.reason = "the embedding is empty, zero or not finite"};
  const double scale = 1 / std::sqrt(squares);
  for (float& value : values) value = static_cast<float>(value * scale);
  return values;
}

}  // namespace slm
