#include "nodes/model_resource.h"

#include "graph/pipeline.h"
#include "models/llama/threads.h"
#include "models/ngram/embedder.h"
#include "nodes/cache/answer_cache.h"
#include "nodes/llama_backend.h"
#include "nodes/ngram_backend.h"
#include "nodes/replay_backend.h"

namespace slm {

const Model& opened_model(const NodeContext& context, const ModelRef& reference) {
  return std::static_pointer_cast<ModelResource>(context.model(reference.name))->model;
}

std::optional<ModelInfo> info_of(const ModelSpec& model) {
  if (is_replayed(model)) return answers_of(model)->info();
  if (is_ngram(model)) return ngram_info(model);
  if (!is_llama(model)) return std::nullopt;
  return llama_info(model);
}

std::optional<ModelDevice> device_of(const ModelSpec& model, const ModelInfo& info) {
  if (is_ngram(model)) return ModelDevice{"cpu"};
  if (!is_llama(model)) return std::nullopt;
  return ModelDevice{"cpu", llama::decoding_threads(info.parameters, llama_options(model))};
}

bool is_on_demand(const ModelSpec& model) {
  return is_llama(model) && llama_options(model).load == LlamaOptions::Load::on_demand;
}

const cache::CacheOptions* cache_of(const ModelSpec& model) {
  if (model.type == nullptr) return nullptr;  // of a pipeline that nobody has loaded
  if (is_replayed(model)) return replay_cache(model);
  return is_llama(model) ? llama_cache(model) : openai_cache(model);
}

std::shared_ptr<Resource> keep_answers(const ModelSpec& model, std::shared_ptr<Resource> opened,
                                       const ModelSurroundings& surroundings) {
  const cache::CacheOptions* options = cache_of(model);
  if (!options) return opened;
  const auto& log = surroundings.log;
  const Model& plain = std::static_pointer_cast<ModelResource>(opened)->model;
  cache::CachedSource source{model.name, identity_of(model, plain), plain.info.labels};
  std::shared_ptr<cache::Nearest> nearest;
  if (const auto& near = options->nearest) {
    EmbeddingModel embedder =
        near->model
            ? std::static_pointer_cast<EmbedderResource>(surroundings.embedders(near->model->name))->model
            : ngram::embedder();
    source.embedder = embedder.identity;
    nearest = std::make_shared<cache::Nearest>(
        std::move(embedder), std::make_shared<cache::NearestGate>(model.name, *near, log), log);
  }
  const auto cache = cache::open_cache(source, *options, log, nearest ? nearest->gate().get() : nullptr);
  return std::make_shared<ModelResource>(cache::cached(plain, cache, nearest));
}

std::optional<bool> has_own_labels(const ModelSpec& model) {
  if (!is_replayed(model)) return is_ngram(model);
  const replay::Answers* answers = answers_of(model);
  return answers ? std::optional{!answers->info().labels.empty()} : std::nullopt;
}

bool shows_probabilities(const ModelSpec& model) {
  if (const OpenAiOptions* remote = openai_options(model)) return remote->logprobs;
  const replay::Answers* answers = is_replayed(model) ? answers_of(model) : nullptr;
  return !answers || answers->is_recording();
}

std::string identity_of(const ModelSpec& spec, const Model& model) {
  const ModelInfo& info = model.info;
  if (is_replayed(spec)) return info.checksum;
  if (model.learner) return info.format + " learning " + info.name;
  const auto remote = remote_of(spec);
  if (!remote) return info.format + ' ' + info.checksum + ' ' + info.quantisation + kv_type_of(spec);
  const OpenAiOptions& options = *openai_options(spec);
  std::string identity = remote->origin + ' ' + remote->name;
  identity += options.api == OpenAiOptions::Api::chat ? " chat" : " completions";
  if (options.server == OpenAiOptions::Server::llama_server) identity += " llama_server";
  if (!options.strict) identity += " not_strict";
  if (!options.logprobs) identity += " no_logprobs";
  return identity;
}

std::vector<std::string> labels_of(const ModelSpec& model) {
  if (is_replayed(model))
    return answers_of(model) ? answers_of(model)->info().labels : std::vector<std::string>{};
  return is_ngram(model) ? ngram_labels(model) : std::vector<std::string>{};
}

}  // namespace slm
