#include "nodes/model_resource.h"

#include "graph/pipeline.h"
#include "models/llama/options.h"
#include "models/llama/threads.h"
#include "models/model_store.h"
#include "models/ngram/embedder.h"
#include "nodes/aggregate/amounts.h"
#include "nodes/cache/answer_cache.h"
#include "nodes/model_file_kind.h"
#include "nodes/ngram_backend.h"
#include "nodes/replay_backend.h"
#include "nodes/variants/variant_model.h"

namespace slm {

template <>
struct EnumNames<LlamaOptions::LongPrompt> {
  static constexpr std::pair<std::string_view, LlamaOptions::LongPrompt> names[] = {
      {"fail", LlamaOptions::LongPrompt::fail}, {"keep_ends", LlamaOptions::LongPrompt::keep_ends}};
};
template <>
struct EnumNames<LlamaOptions::Load> {
  static constexpr std::pair<std::string_view, LlamaOptions::Load> names[] = {
      {"at_start", LlamaOptions::Load::at_start}, {"on_demand", LlamaOptions::Load::on_demand}};
};
template <>
struct EnumNames<LlamaOptions::KvType> {
  static constexpr std::pair<std::string_view, LlamaOptions::KvType> names[] = {
      {"f16", LlamaOptions::KvType::f16},
      {"q8_0", LlamaOptions::KvType::q8_0},
      {"q4_0", LlamaOptions::KvType::q4_0}};
};

namespace {

constexpr const char* kLlama = "llama";

struct LlamaEntry {
  FilePath file;
  LlamaOptions options;
  std::optional<aggregate::ByteCount> prefix_memory;
  std::optional<MachinePath> prefix_file;
  std::optional<cache::CacheOptions> cache;
  std::vector<variants::VariantOptions> variants;

  LlamaOptions all_options() const {
    LlamaOptions all = options;
    if (prefix_memory) all.prefix_bytes = prefix_memory->bytes;
    if (prefix_file) all.prefix_file = prefix_file->path;
    return all;
  }
};

/// A field of `LlamaEntry::options`.
template <class T>
Field llama_field(const char* key, T LlamaOptions::*member, const char* doc, Range range) {
  return {key,
          doc,
          false,
          range,
          kind_of<T>(),
          [member](void* entry) -> void* {
            return &(static_cast<LlamaEntry*>(entry)->options.*member); }};
}

std::vector<Field> llama_fields() {
  std::vector<Field> fields = with_model_file(Fields<LlamaEntry>{}
                                                  .required("file", &LlamaEntry::file, "GGUF model file")
                                                  .optional("prefix_memory", &LlamaEntry::prefix_memory,
                                                            "memory for beginnings of prompts that several "
                                                            "requests share; 256MiB if left out")
                                                  .optional("prefix_file", &LlamaEntry::prefix_file,
                                                            "file that keeps them for the next start; in "
                                                            "memory alone if left out")
                                                  .optional("cache", &LlamaEntry::cache, cache::kDoc)
                                                  .optional("variants", &LlamaEntry::variants,
                                                            "other files that are used in place of `file` "
                                                            "while conditions hold")
                                                  .list(),
                                              check_is_gguf);
  fields.push_back(llama_field("context", &LlamaOptions::context,
                               "tokens of prompt and answer that one request may have", {1, 1 << 20}));
  fields.push_back(llama_field("long_prompt", &LlamaOptions::long_prompt,
                               "what becomes of a prompt that is longer than `context`; `fail` if left out",
                               {}));
  fields.push_back(
      llama_field("load", &LlamaOptions::load,
                  "`on_demand`: it is loaded when it is first asked for, and unloaded where others "
                  "need its memory; `at_start` if left out",
                  {}));
  fields.push_back(llama_field("slots", &LlamaOptions::slots, "requests decoded together", {1, 256}));
  fields.push_back(llama_field("threads", &LlamaOptions::threads,
                               "threads of one decoding step; chosen by the model's size if left out",
                               {1, 1024}));
  fields.push_back(llama_field("batch", &LlamaOptions::batch, "tokens evaluated in one step", {1, 1 << 16}));
  fields.push_back(llama_field("batch_share", &LlamaOptions::batch_share,
                               "how much longer interactive requests may take for batch work beside them; "
                               "0.1 if left out",
                               {0, 100}));
  fields.push_back(llama_field("kv_type", &LlamaOptions::kv_type,
                               "what keys and values are kept in; f16 if left out", {}));
  fields.push_back(llama_field("gpu_layers", &LlamaOptions::gpu_layers,
                               "layers kept on the GPU; all if left out", {0, 10000}));
  return fields;
}

std::string name_of(const FilePath& file) {
  return file.path.filename().string();
}

/// Others may share the model, and have it for longer than there is somebody to tell.
Model open_file(const FilePath& file, const LlamaEntry& entry, const ModelSurroundings& surroundings) {
  LlamaOptions options = entry.all_options();
  if (surroundings.is_trial) options.prefix_file.clear();
  const auto ours = std::make_shared<const ModelLog>(surroundings.log);
  const Model model = ModelStore::instance().open_llama(
      file.path, options, [weak = std::weak_ptr(ours)](const std::string& line) {
        if (const auto held = weak.lock()) (*held)(line);
      });
  // Once nobody here has any part of the model, it goes, then the log.
  const auto both = std::make_shared<std::pair<std::shared_ptr<const ModelLog>, Model>>(ours, model);
  Model held = model;
  held.generator = {both, model.generator.get()};
  held.scorer = {both, model.scorer.get()};
  return held;
}

Model open(const LlamaEntry& entry, const ModelSurroundings& surroundings) {
  if (entry.variants.empty()) return open_file(entry.file, entry, surroundings);
  std::vector<variants::Variant> all;
  for (const auto& [file, when] : entry.variants)
    all.push_back({name_of(file), open_file(file, entry, surroundings), when});
  all.push_back({name_of(entry.file), open_file(entry.file, entry, surroundings), {}});
  return variants::as_one(std::move(all));
}

std::vector<std::string> check(const LlamaEntry& entry) {
  std::vector<std::string> problems;
  for (const auto& variant : entry.variants)
    if (auto problem = variants::problem_of(variant); !problem.empty())
      problems.push_back(std::move(problem));
  if (entry.prefix_file && !entry.variants.empty())
    problems.emplace_back("`prefix_file` is of one model file; expected no `variants` beside it");
  return problems;
}

/// Keys and values that are rounded give other answers.
std::string kv_type_of(const ModelSpec& model) {
  if (!model.type || model.type->name != kLlama) return {};
  const auto type = static_cast<const LlamaEntry*>(model.options.get())->options.kv_type;
  if (type == LlamaOptions::KvType::f16) return {};
  for (const auto& [name, value] : EnumNames<LlamaOptions::KvType>::names)
    if (value == type) return " kv " + std::string{name};
  return {};
}

}  // namespace

const Model& opened_model(const NodeContext& context, const ModelRef& reference) {
  return std::static_pointer_cast<ModelResource>(context.model(reference.name))->model;
}

std::optional<ModelInfo> info_of(const ModelSpec& model) {
  if (is_replayed(model)) return answers_of(model)->info();
  if (is_ngram(model)) return ngram_info(model);
  if (model.type->name != kLlama) return std::nullopt;
  const auto* entry = static_cast<const LlamaEntry*>(model.options.get());
  if (entry->variants.empty()) return inspect(entry->file.path, entry->all_options());
  std::vector<ModelInfo> infos;
  for (const auto& variant : entry->variants)
    infos.push_back(inspect(variant.file.path, entry->all_options()));
  infos.push_back(inspect(entry->file.path, entry->all_options()));
  return variants::as_one(infos);
}

std::optional<ModelDevice> device_of(const ModelSpec& model, const ModelInfo& info) {
  if (is_ngram(model)) return ModelDevice{"cpu"};
  if (model.type->name != kLlama) return std::nullopt;
  const auto& options = static_cast<const LlamaEntry*>(model.options.get())->options;
  return ModelDevice{"cpu", llama::decoding_threads(info.parameters, options)};
}

bool is_on_demand(const ModelSpec& model) {
  if (model.type->name != kLlama) return false;
  return static_cast<const LlamaEntry*>(model.options.get())->options.load == LlamaOptions::Load::on_demand;
}

const std::vector<variants::VariantOptions>& variants_of(const ModelSpec& model) {
  static const std::vector<variants::VariantOptions> kNone;
  if (model.type->name != kLlama) return kNone;
  return static_cast<const LlamaEntry*>(model.options.get())->variants;
}

const cache::CacheOptions* cache_of(const ModelSpec& model) {
  if (model.type == nullptr) return nullptr;  // of a pipeline that nobody has loaded
  if (is_replayed(model)) return replay_cache(model);
  if (model.type->name != kLlama) return openai_cache(model);
  const auto& cache = static_cast<const LlamaEntry*>(model.options.get())->cache;
  return cache ? &*cache : nullptr;
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

ModelType llama_backend() {
  ModelType type{kLlama, "a language model in a GGUF file, run by llama.cpp", llama_fields()};
  type.make_options = [] { return std::make_shared<LlamaEntry>(); };
  type.open = [](const void* options, const ModelSurroundings& surroundings) -> std::shared_ptr<Resource> {
    return std::make_shared<ModelResource>(open(*static_cast<const LlamaEntry*>(options), surroundings));
  };
  type.check = [](const void* options) { return check(*static_cast<const LlamaEntry*>(options));
  };
  type.keep = keep_answers;
  type.serves = {"classify", "generate"};
  return type;
}

}  // namespace slm
