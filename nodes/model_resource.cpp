#include "nodes/model_resource.h"

#include "graph/format/reader.h"
#include "graph/pipeline.h"
#include "models/llama/options.h"
#include "models/llama/threads.h"
#include "models/model_store.h"

namespace slm {
namespace {

constexpr const char* kNgram = "ngram";
constexpr const char* kLlama = "llama";

/// A file whose beginning must tell that it is a model of the backend: `validate` need not open it for that.
class ModelFileKind : public Kind {
 public:
  using Check = void (*)(const std::filesystem::path&);
  explicit ModelFileKind(Check check) : check_{check} {}
  void read(Reader& reader, void* target, Range range) const override {
    const std::size_t problems_before = reader.document().problems.size();
    file_->read(reader, target, range);
    if (reader.document().problems.size() > problems_before) return;
    try {
      check_(static_cast<const FilePath*>(target)->path.lexically_normal());
    } catch (const ModelError& error) {
      reader.problem(reader.name() + ": " + error.what());
    }
  }
  void describe(SchemaWriter& schema, Range range) const override { file_->describe(schema, range); }

 private:
  const KindPtr file_ = kind_of<FilePath>();
  Check check_;
};

std::vector<Field> with_model_file(std::vector<Field> fields, ModelFileKind::Check check) {
  fields.front().kind = std::make_shared<ModelFileKind>(check);
  return fields;
}

struct NgramEntry {
  FilePath file;

  static Fields<NgramEntry> fields() {
    return Fields<NgramEntry>{}.required("file", &NgramEntry::file, "model file made by `slm-graph train`");
  }
};

struct LlamaEntry {
  FilePath file;
  LlamaOptions options;

  static Fields<LlamaEntry> fields();
};

/// A field of `LlamaEntry::options`.
Field llama_field(const char* key, int LlamaOptions::*member, const char* doc, Range range) {
  return {key, doc, false, range, kind_of<int>(), [member](void* entry) -> void* {
            return &(static_cast<LlamaEntry*>(entry)->options.*member);
          }};
}

std::vector<Field> llama_fields() {
  std::vector<Field> fields = with_model_file(
      Fields<LlamaEntry>{}.required("file", &LlamaEntry::file, "GGUF model file").list(), check_is_gguf);
  fields.push_back(llama_field("context", &LlamaOptions::context,
                               "tokens of prompt and answer that one request may have", {1, 1 << 20}));
  fields.push_back(llama_field("slots", &LlamaOptions::slots, "requests decoded together", {1, 256}));
  fields.push_back(llama_field("threads", &LlamaOptions::threads,
                               "threads of one decoding step; chosen by the model's size if left out",
                               {1, 1024}));
  fields.push_back(llama_field("batch", &LlamaOptions::batch, "tokens evaluated in one step", {1, 1 << 16}));
  fields.push_back(llama_field("gpu_layers", &LlamaOptions::gpu_layers,
                               "layers kept on the GPU; all if left out", {0, 10000}));
  return fields;
}

}  // namespace

const Model& opened_model(const NodeContext& context, const ModelRef& reference) {
  return std::static_pointer_cast<ModelResource>(context.model(reference.name))->model;
}

std::optional<ModelInfo> info_of(const ModelSpec& model) {
  if (model.type->name == kNgram)
    return inspect(static_cast<const NgramEntry*>(model.options.get())->file.path);
  if (model.type->name != kLlama) return std::nullopt;
  const auto* entry = static_cast<const LlamaEntry*>(model.options.get());
  return inspect(entry->file.path, entry->options);
}

std::optional<ModelDevice> device_of(const ModelSpec& model, const ModelInfo& info) {
  if (model.type->name == kNgram) return ModelDevice{"cpu"};
  if (model.type->name != kLlama) return std::nullopt;
  const auto& options = static_cast<const LlamaEntry*>(model.options.get())->options;
  return ModelDevice{"cpu", llama::decoding_threads(info.parameters, options)};
}

bool has_own_labels(const ModelSpec& model) {
  return model.type->name == kNgram;
}

std::vector<std::string> labels_of(const ModelSpec& model) {
  if (!has_own_labels(model)) return {};
  return inspect(static_cast<const NgramEntry*>(model.options.get())->file.path).labels;
}

ModelType ngram_backend() {
  ModelType type{kNgram, "our own n-gram classifier: microseconds a request, labels of its own",
                 with_model_file(NgramEntry::fields().list(), check_is_ngram)};
  type.make_options = [] { return std::make_shared<NgramEntry>(); };
  type.open = [](const void* options) -> std::shared_ptr<Resource> {
    return std::make_shared<ModelResource>(
        ModelStore::instance().open_ngram(static_cast<const NgramEntry*>(options)->file.path));
  };
  type.serves = {"classify"};
  return type;
}

ModelType llama_backend() {
  ModelType type{kLlama, "a language model in a GGUF file, run by llama.cpp", llama_fields()};
  type.make_options = [] { return std::make_shared<LlamaEntry>(); };
  type.open = [](const void* options) -> std::shared_ptr<Resource> {
    const auto* entry = static_cast<const LlamaEntry*>(options);
    return std::make_shared<ModelResource>(
        ModelStore::instance().open_llama(entry->file.path, entry->options));
  };
  type.serves = {"classify", "generate"};
  return type;
}

}  // namespace slm
