#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "models/embedder.h"
#include "models/learning/learner_state.h"
#include "models/model.h"
#include "models/openai/options.h"
#include "nodes/cache/options.h"
#include "nodes/variants/options.h"

namespace slm {

/// An opened entry of `models`.
struct ModelResource : Resource {
  explicit ModelResource(Model opened) : model{std::move(opened)} {}
  Model model;
};

/// An entry of `models` that was opened to embed.
struct EmbedderResource : Resource {
  explicit EmbedderResource(EmbeddingModel opened) : model{std::move(opened)} {}
  EmbeddingModel model;
};

/// The opened model that a node's `model` names.
const Model& opened_model(const NodeContext& context, const ModelRef& reference);

/// The labels that a model brings with it, read from its file; empty for one that is told its choices. Throws
/// `ModelError`.
std::vector<std::string> labels_of(const ModelSpec& model);

/// What the model's file says of itself, and the memory it takes with these options; empty for a backend
/// without files. Throws `ModelError`.
std::optional<ModelInfo> info_of(const ModelSpec& model);

/// What a model runs on.
struct ModelDevice {
  std::string name;  ///< "cpu"
  int threads = 0;   ///< at work on one step; 0: those of the engine, a request each
};

/// Where the model described by `info` would run on this machine; empty for a backend that is not ours.
std::optional<ModelDevice> device_of(const ModelSpec& model, const ModelInfo& info);

/// Whether it is loaded when it is first asked for, and unloaded where others need its memory.
bool is_on_demand(const ModelSpec& model);

/// Files that take the place of its own while conditions hold, the first before the others.
const std::vector<variants::VariantOptions>& variants_of(const ModelSpec& model);

/// A model on another machine, or in another process of this one.
struct RemoteModel {
  std::string name;    ///< as its server calls it
  std::string origin;  ///< scheme, host and port of the server
};

/// Where the model runs if not in this process; empty if it does.
std::optional<RemoteModel> remote_of(const ModelSpec& model);

/// A model that learns while the pipeline runs.
struct LearningModel {
  std::filesystem::path folder;
  learning::LearnerState state;  ///< as it was left there
};

/// How far the model has got; empty where it does not learn.
std::optional<LearningModel> learning_of(const ModelSpec& model);

/// `cache` of such a model; null where there is none.
const cache::CacheOptions* openai_cache(const ModelSpec& model);

/// How a model of the `openai` backend is asked; null for other backends. Address, key and certificates are
/// left out.
const OpenAiOptions* openai_options(const ModelSpec& model);

/// How its answers are kept; null where they are not.
const cache::CacheOptions* cache_of(const ModelSpec& model);

/// For `ModelType::keep`: does what `cache_of` says.
std::shared_ptr<Resource> keep_answers(const ModelSpec& model, std::shared_ptr<Resource> opened,
                                       const ModelSurroundings& surroundings);

/// Whether the model brings its own labels; empty where its file could not be read, which has been reported.
std::optional<bool> has_own_labels(const ModelSpec& model);

/// Whether its answers may come with probabilities, the evidence of most signals.
bool shows_probabilities(const ModelSpec& model);

/// What tells this model from others wherever its answers are kept: a file by its checksum, a remote model by
/// its server and how it is asked.
std::string identity_of(const ModelSpec& spec, const Model& model);

ModelType ngram_backend();
ModelType llama_backend();
ModelType openai_backend();
ModelType replay_backend();

}  // namespace slm
