#pragma once

#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "models/model.h"
#include "nodes/model_resource.h"

namespace slm {

bool is_ngram(const ModelSpec& model);

/// What is said of a model of this backend: of one that learns, what it would go on from. Throws
/// `ModelError`.
ModelInfo ngram_info(const ModelSpec& model);

/// Its labels. Throws `ModelError`.
std::vector<std::string> ngram_labels(const ModelSpec& model);

}  // namespace slm
