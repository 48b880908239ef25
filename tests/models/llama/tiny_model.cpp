#include "tests/models/llama/tiny_model.h"

#include <ggml.h>
#include <gguf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>

namespace slm::testing {
namespace {

constexpr int kHeads = 4, kKvHeads = 2;
constexpr const char* kSpace = "\xE2\x96\x81";  // SentencePiece's

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;

  void add(const std::string& token, int type) {
    tokens.push_back(token);
    scores.push_back(type == 1 ? -static_cast<float>(tokens.size()) : 0);
    types.push_back(type);
  }
  std::size_t index(const std::string& token) const {
    const auto found = std::find(tokens.begin(), tokens.end(), token == " " ? kSpace : token);
    if (found == tokens.end()) throw std::invalid_argument("no token " + token);
    return static_cast<std::size_t>(found - tokens.begin());
  }
};

Vocabulary make_vocabulary(const TinyModel& model) {
  constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6;
  Vocabulary vocabulary;
  vocabulary.add("<unk>", kUnknown);
  if (model.has_ends) {
    vocabulary.add("<s>", kControl);
    vocabulary.add("</s>", kControl);
  }
  for (int byte = 0; byte < 256; ++byte) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", static_cast<unsigned>(byte));
    vocabulary.add(name.data(), kByte);
  }
  for (const std::string& control : model.controls) vocabulary.add(control, kControl);
  for (const std::string& piece : model.pieces) vocabulary.add(piece, kUserDefined);
  vocabulary.add(std::string(kSpace) + "the", kNormal);
  for (const char* piece : {"ing", "er", "play", "jazz", "\":\"", "\",\"", "{\"", "\"}", "true", "10", "ä"})
    vocabulary.add(piece, kNormal);
  vocabulary.add(kSpace, kNormal);
  for (char letter = '!'; letter <= '~'; ++letter) vocabulary.add(std::string(1, letter), kNormal);
  for (std::size_t i = 0; vocabulary.tokens.size() < model.fill_vocabulary; ++i) {
    const auto letter = [](std::size_t n) { return static_cast<char>('a' + n % 26); };
    vocabulary.add({letter(i), letter(i / 26), letter(i / 676)}, kNormal);
  }
  return vocabulary;
}

class Writer {
 public:
  explicit Writer(const TinyModel& model)
      : model_(model),
        vocabulary_(make_vocabulary(model)),
        random_(model.seed),
        gguf_(gguf_init_empty(), gguf_free) {
    const std::size_t floats =
        static_cast<std::size_t>(model.width) *
        (vocabulary_.tokens.size() * 2 + static_cast<std::size_t>(model.layers * model.width) * 16);
    ggml_.reset(ggml_init({.mem_size = floats * 4 + (1U << 20U), .mem_buffer = nullptr, .no_alloc = false}));
  }

  void write(const std::filesystem::path& file) {
    header();
    tokenizer();
    tensors();
    if (!gguf_write_to_file(gguf_.get(), file.c_str(), false))
      throw std::runtime_error("cannot write " + file.string());
  }

 private:
  void number(const std::string& key, int value) {
    gguf_set_val_u32(gguf_.get(), (model_.architecture + "." + key).c_str(),
                     static_cast<std::uint32_t>(value));
  }

  void header() {
    gguf_set_val_str(gguf_.get(), "general.architecture", model_.architecture.c_str());
    gguf_set_val_str(gguf_.get(), "general.name", "tiny");
    number("context_length", model_.context);
    number("embedding_length", model_.width);
    number("block_count", model_.layers);
    number("feed_forward_length", 2 * model_.width);
    number("attention.head_count", kHeads);
    number("attention.head_count_kv", kKvHeads);
    number("attention.key_length", model_.width / kHeads);
    number("attention.value_length", model_.width / kHeads);
    number("rope.dimension_count", model_.width / kHeads);
    gguf_set_val_f32(gguf_.get(), (model_.architecture + ".attention.layer_norm_rms_epsilon").c_str(), 1e-5F);
  }

  void tokenizer() {
    std::vector<const char*> names;
    for (const std::string& token : vocabulary_.tokens) names.push_back(token.c_str());
    gguf_context* gguf = gguf_.get();
    gguf_set_val_str(gguf, "tokenizer.ggml.model", "llama");
    gguf_set_arr_str(gguf, "tokenizer.ggml.tokens", names.data(), names.size());
    gguf_set_arr_data(gguf, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, vocabulary_.scores.data(),
                      names.size());
    gguf_set_arr_data(gguf, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, vocabulary_.types.data(),
                      names.size());
    gguf_set_val_u32(gguf, "tokenizer.ggml.unknown_token_id", 0);
    if (model_.has_ends) {
      gguf_set_val_u32(gguf, "tokenizer.ggml.bos_token_id", 1);
      gguf_set_val_u32(gguf, "tokenizer.ggml.eos_token_id", 2);
    }
    gguf_set_val_bool(gguf, "tokenizer.ggml.add_bos_token", model_.has_ends);
    if (!model_.chat_template.empty())
      gguf_set_val_str(gguf, "tokenizer.chat_template", model_.chat_template.c_str());
  }

  ggml_tensor* add(const std::string& name, int columns, int rows, float deviation) {
    ggml_tensor* tensor = rows == 0 ? ggml_new_tensor_1d(ggml_.get(), GGML_TYPE_F32, columns)
                                    : ggml_new_tensor_2d(ggml_.get(), GGML_TYPE_F32, columns, rows);
    ggml_set_name(tensor, name.c_str());
    std::normal_distribution<float> normal(0, 1);
    float* values = ggml_get_data_f32(tensor);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i)
      values[i] = rows == 0 ? 1 : deviation * normal(random_);
    return tensor;
  }

  void tensor(const std::string& name, int columns, int rows, float deviation) {
    gguf_add_tensor(gguf_.get(), add(name, columns, rows, deviation));
  }

  void tensors() {
    const int width = model_.width, inner = 2 * width,
              vocabulary = static_cast<int>(vocabulary_.tokens.size());
    const int kv = width * kKvHeads / kHeads;
    const bool is_scripted = !model_.follows.empty();
    const float even = 1 / std::sqrt(static_cast<float>(width));
    const float out = is_scripted ? 0 : even;  // of each layer, into the residual
    ggml_tensor* embedding = add("token_embd.weight", width, vocabulary, 1);
    gguf_add_tensor(gguf_.get(), embedding);
    tensor("output_norm.weight", width, 0, 1);
    ggml_tensor* output = add("output.weight", width, vocabulary, is_scripted ? 0 : 5 * even);
    if (is_scripted) script(embedding, output);
    gguf_add_tensor(gguf_.get(), output);
    for (int i = 0; i < model_.layers; ++i) {
      const std::string layer = "blk." + std::to_string(i) + ".";
      tensor(layer + "attn_norm.weight", width, 0, 1);
      tensor(layer + "ffn_norm.weight", width, 0, 1);
      tensor(layer + "attn_output.weight", width, width, out);
      tensor(layer + "ffn_down.weight", inner, width, out);
      if (model_.architecture == "phi3") {
        tensor(layer + "attn_qkv.weight", width, width + 2 * kv, 2 * even);
        tensor(layer + "ffn_up.weight", width, 2 * inner, even);
        continue;
      }
      tensor(layer + "attn_q.weight", width, width, 2 * even);
      tensor(layer + "attn_k.weight", width, kv, 2 * even);
      tensor(layer + "attn_v.weight", width, kv, even);
      tensor(layer + "ffn_up.weight", width, inner, even);
      tensor(layer + "ffn_gate.weight", width, inner, even);
      if (model_.architecture == "qwen3") {
        tensor(layer + "attn_q_norm.weight", width / kHeads, 0, 1);
        tensor(layer + "attn_k_norm.weight", width / kHeads, 0, 1);
      }
    }
  }

  /// The output row of each token is the sum of the embeddings it follows: these are nearly orthogonal.
  void script(ggml_tensor* embedding, ggml_tensor* output) {
    const auto width = static_cast<std::size_t>(model_.width);
    const float* from = ggml_get_data_f32(embedding);
    float* to = ggml_get_data_f32(output);
    for (const auto& [before, after] : model_.follows) {
      const float* source = from + vocabulary_.index(before) * width;
      float* target = to + vocabulary_.index(after) * width;
      for (std::size_t i = 0; i < width; ++i) target[i] += source[i];
    }
  }

  TinyModel model_;
  Vocabulary vocabulary_;
  std::mt19937_64 random_;
  std::unique_ptr<gguf_context, void (*)(gguf_context*)> gguf_;
  std::unique_ptr<ggml_context, void (*)(ggml_context*)> ggml_{nullptr, ggml_free};
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "slm-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

const std::filesystem::path& test_folder() {
  static const Folder folder;
  return folder.path();
}

std::filesystem::path write(const TinyModel& model, const std::string& name) {
  std::filesystem::path file = test_folder() / name;
  Writer(model).write(file);
  return file;
}

}  // namespace slm::testing
