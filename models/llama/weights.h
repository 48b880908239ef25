#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "models/llama/handles.h"
#include "models/llama/options.h"
#include "models/llama/vocabulary.h"
#include "models/model.h"

namespace slm::llama {

/// A GGUF model's weights and vocabulary, shared by all that run it. Any thread may read them.
struct Weights {
  ModelInfo info;
  ModelHandle model;
  Vocabulary vocabulary;
};

/// Throws `ModelError` if the file is missing, damaged or no model that generates text, or once `is_wanted`,
/// which is asked now and then, is false. With `vocabulary_only`, what it gives cannot run.
std::shared_ptr<const Weights> load_weights(const std::filesystem::path& file, const LlamaOptions& options,
                                            const std::function<bool()>& is_wanted = nullptr,
                                            bool vocabulary_only = false);

}  // namespace slm::llama
