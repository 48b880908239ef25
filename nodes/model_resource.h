#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "models/model.h"
#include "models/openai/options.h"

namespace slm {

/// An opened entry of `models`.
struct ModelResource : Resource {
  explicit ModelResource(Model opened) : model{std::move(opened)} {}
  Model model;
};

/// The opened model that a node's `model` names.
const Model& opened_model(const NodeContext& context, const ModelRef& reference);

/// The labels that a model brings with it, read from its file; empty for a backend that is told its choices.
/// Throws `ModelError`.
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

/// A model on another machine, or in another process of this one.
struct RemoteModel {
  std::string name;    ///< as its server calls it
  std::string origin;  ///< scheme, host and port of the server
};

/// Where the model runs if not in this process; empty if it does.
std::optional<RemoteModel> remote_of(const ModelSpec& model);

/// How a model of the `openai` backend is asked; null for other backends. Address, key and certificates are
/// left out.
const OpenAiOptions* openai_options(const ModelSpec& model);

/// Whether the backend brings its own labels.
bool has_own_labels(const ModelSpec& model);

ModelType ngram_backend();
ModelType llama_backend();
ModelType openai_backend();

}  // namespace slm
