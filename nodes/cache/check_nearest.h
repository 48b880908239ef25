#pragma once

#include "graph/pipeline.h"
#include "nodes/prompt_template.h"

namespace slm::cache {

/// Reports what keeps a model's cache from finding near questions at the node that is checked.
void check_nearest(const ModelSpec& model, const PromptTemplate& prompt, CheckContext& context);

}  // namespace slm::cache
