#include "nodes/llama_backend.h"

#include "graph/pipeline.h"
#include "models/model_store.h"
#include "nodes/aggregate/amounts.h"
#include "nodes/cache/options.h"
#include "nodes/model_file_kind.h"
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

const LlamaEntry& entry_of(const ModelSpec& model) {
  return *static_cast<const LlamaEntry*>(model.options.get());
}

}  // namespace

bool is_llama(const ModelSpec& model) {
  return model.type->name == kLlama;
}

const LlamaOptions& llama_options(const ModelSpec& model) {
  return entry_of(model).options;
}

const cache::CacheOptions* llama_cache(const ModelSpec& model) {
  const auto& cache = entry_of(model).cache;
  return cache ? &*cache : nullptr;
}

ModelInfo llama_info(const ModelSpec& model) {
  const LlamaEntry& entry = entry_of(model);
  if (entry.variants.empty()) return inspect(entry.file.path, entry.all_options());
  std::vector<ModelInfo> infos;
  for (const auto& variant : entry.variants) infos.push_back(inspect(variant.file.path, entry.all_options()));
  infos.push_back(inspect(entry.file.path, entry.all_options()));
  return variants::as_one(infos);
}

std::string kv_type_of(const ModelSpec& model) {
  if (!model.type || !is_llama(model)) return {};
  const auto type = llama_options(model).kv_type;
  if (type == LlamaOptions::KvType::f16) return {};
  for (const auto& [name, value] : EnumNames<LlamaOptions::KvType>::names)
    if (value == type) return " kv " + std::string{name};
  return {};
}

const std::vector<variants::VariantOptions>& variants_of(const ModelSpec& model) {
  static const std::vector<variants::VariantOptions> kNone;
  return is_llama(model) ? entry_of(model).variants : kNone;
}

ModelType llama_backend() {
  ModelType type{kLlama, "a language model in a GGUF file, run by llama.cpp", llama_fields()};
  type.make_options = [] { return std::make_shared<LlamaEntry>(); };
  type.open = [](const void* options, const ModelSurroundings& surroundings) -> std::shared_ptr<Resource> {
    return std::make_shared<ModelResource>(open(*static_cast<const LlamaEntry*>(options), surroundings));
  };
  type.check = [](const void* options) { return check(*static_cast<const LlamaEntry*>(options)); };
  type.keep = keep_answers;
  type.serves = {"classify", "generate"};
  return type;
}

}  // namespace slm
