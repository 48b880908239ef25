// Writes a GGUF model of Qwen3-0.6B's shape with random weights, Q8_0: its answers mean nothing, its speed is
// real.
//
//     llama_random_model OUTPUT

#include <ggml.h>
#include <gguf.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kLayers = 28, kWidth = 1024, kInner = 3072, kHeads = 16, kKvHeads = 8, kHead = 128;
constexpr int kVocabulary = 151'936, kContext = 32'768;

/// As ggml lays out 32 weights of Q8_0: a half-precision scale, then a byte each.
struct Block {
  std::uint16_t scale;
  std::array<std::int8_t, 32> weights;
};
static_assert(sizeof(Block) == 34);

class Writer {
 public:
  void write(const char* file) {
    header();
    tokenizer();
    matrix("token_embd.weight", kWidth, kVocabulary, 1);  // the output too, as in the model itself
    norm("output_norm.weight", kWidth);
    for (int i = 0; i < kLayers; ++i) layer("blk." + std::to_string(i) + ".");
    if (!gguf_write_to_file(gguf_.get(), file, false))
      throw std::runtime_error(std::string{"cannot write "} + file);
  }

 private:
  void number(const char* key, int value) {
    gguf_set_val_u32(gguf_.get(), (std::string{"qwen3."} + key).c_str(), static_cast<std::uint32_t>(value));
  }

  void header() {
    gguf_set_val_str(gguf_.get(), "general.architecture", "qwen3");
    gguf_set_val_str(gguf_.get(), "general.name", "random weights of Qwen3-0.6B's shape");
    number("context_length", kContext);
    number("embedding_length", kWidth);
    number("block_count", kLayers);
    number("feed_forward_length", kInner);
    number("attention.head_count", kHeads);
    number("attention.head_count_kv", kKvHeads);
    number("attention.key_length", kHead);
    number("attention.value_length", kHead);
    gguf_set_val_f32(gguf_.get(), "qwen3.attention.layer_norm_rms_epsilon", 1e-6F);
    gguf_set_val_f32(gguf_.get(), "qwen3.rope.freq_base", 1e6F);
  }

  /// Every byte, then pieces of four letters. None ends a text, so answers are as long as they may be.
  void tokenizer() {
    constexpr int kNormal = 1, kUnknown = 2, kByte = 6;
    std::vector<std::string> tokens{"<unk>"};
    std::vector<std::int32_t> types{kUnknown};
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::array<char, 8> name{};
      std::snprintf(name.data(), name.size(), "<0x%02X>", byte);
      tokens.emplace_back(name.data());
      types.push_back(kByte);
    }
    for (std::size_t i = 0; tokens.size() < kVocabulary; ++i) {
      const auto letter = [](std::size_t n) { return static_cast<char>('a' + n % 26); };
      tokens.push_back({letter(i), letter(i / 26), letter(i / 676), letter(i / 17'576)});
      types.push_back(kNormal);
    }
    std::vector<const char*> names;
    std::vector<float> scores;
    for (const std::string& token : tokens) {
      names.push_back(token.c_str());
      scores.push_back(-static_cast<float>(scores.size()));
    }
    gguf_set_val_str(gguf_.get(), "tokenizer.ggml.model", "llama");
    gguf_set_arr_str(gguf_.get(), "tokenizer.ggml.tokens", names.data(), names.size());
    gguf_set_arr_data(gguf_.get(), "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, scores.data(), scores.size());
    gguf_set_arr_data(gguf_.get(), "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
    gguf_set_val_u32(gguf_.get(), "tokenizer.ggml.unknown_token_id", 0);
    gguf_set_val_bool(gguf_.get(), "tokenizer.ggml.add_bos_token", false);
  }

  void layer(const std::string& name) {
    const float even = 1 / std::sqrt(static_cast<float>(kWidth));
    norm(name + "attn_norm.weight", kWidth);
    norm(name + "attn_q_norm.weight", kHead);
    norm(name + "attn_k_norm.weight", kHead);
    matrix(name + "attn_q.weight", kWidth, kHeads * kHead, even);
    matrix(name + "attn_k.weight", kWidth, kKvHeads * kHead, even);
    matrix(name + "attn_v.weight", kWidth, kKvHeads * kHead, even);
    matrix(name + "attn_output.weight", kHeads * kHead, kWidth, even);
    norm(name + "ffn_norm.weight", kWidth);
    matrix(name + "ffn_gate.weight", kWidth, kInner, even);
    matrix(name + "ffn_up.weight", kWidth, kInner, even);
    matrix(name + "ffn_down.weight", kInner, kWidth, even);
  }

  void norm(const std::string& name, int size) {
    ggml_tensor* tensor = ggml_new_tensor_1d(ggml_.get(), GGML_TYPE_F32, size);
    ggml_set_name(tensor, name.c_str());
    for (int i = 0; i < size; ++i) ggml_get_data_f32(tensor)[i] = 1;
    gguf_add_tensor(gguf_.get(), tensor);
  }

  /// Uniform, with about the deviation given.
  void matrix(const std::string& name, int columns, int rows, float deviation) {
    ggml_tensor* tensor = ggml_new_tensor_2d(ggml_.get(), GGML_TYPE_Q8_0, columns, rows);
    ggml_set_name(tensor, name.c_str());
    auto* blocks = static_cast<Block*>(tensor->data);
    const std::uint16_t scale = ggml_fp32_to_fp16(deviation * std::sqrt(3.0F) / 128);
    const auto count = static_cast<std::int64_t>(columns) * rows / 32;
    for (std::int64_t i = 0; i < count; ++i) {
      blocks[i].scale = scale;
      for (std::int8_t& weight : blocks[i].weights) weight = static_cast<std::int8_t>(random_() >> 23U);
    }
    gguf_add_tensor(gguf_.get(), tensor);
  }

  std::minstd_rand random_{1};
  std::unique_ptr<gguf_context, void (*)(gguf_context*)> gguf_{gguf_init_empty(), gguf_free};
  std::unique_ptr<ggml_context, void (*)(ggml_context*)> ggml_{
      ggml_init({.mem_size = std::size_t{800} << 20U, .mem_buffer = nullptr, .no_alloc = false}), ggml_free};
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: llama_random_model OUTPUT\n", stderr);
    return 2;
  }
  Writer{}.write(argv[1]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
