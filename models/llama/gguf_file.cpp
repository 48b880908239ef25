#include "models/llama/gguf_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <string_view>
#include <vector>

#include "models/checksum.h"
#include "models/llama/backend_library.h"
#include "models/llama/context.h"
#include "models/llama/handles.h"

namespace slm::llama {
namespace {

/// The header's values. A key of another type than expected counts as missing.
class Header {
 public:
  explicit Header(const gguf_context* gguf) : gguf_(gguf), prefix_(text("general.architecture") + '.') {}

  std::string text(const std::string& key) const {
    const int64_t id = gguf_find_key(gguf_, key.c_str());
    const bool is_text = id >= 0 && gguf_get_kv_type(gguf_, id) == GGUF_TYPE_STRING;
    return is_text ? gguf_get_val_str(gguf_, id) : std::string();
  }

  /// A number of the architecture's own, such as `qwen3.block_count`; the largest where it differs by layer.
  std::uint64_t number(const char* name, std::uint64_t otherwise = 0) const {
    const int64_t id = gguf_find_key(gguf_, (prefix_ + name).c_str());
    if (id < 0) return otherwise;
    switch (gguf_get_kv_type(gguf_, id)) {
      case GGUF_TYPE_UINT32:
        return gguf_get_val_u32(gguf_, id);
      case GGUF_TYPE_INT32:
        return static_cast<std::uint64_t>(std::max(gguf_get_val_i32(gguf_, id), 0));
      case GGUF_TYPE_UINT64:
        return gguf_get_val_u64(gguf_, id);
      case GGUF_TYPE_ARRAY:
        return largest(id, otherwise);
      default:
        return otherwise;
    }
  }

  std::vector<std::string_view> vocabulary() const {
    const int64_t id = gguf_find_key(gguf_, "tokenizer.ggml.tokens");
    std::vector<std::string_view> tokens;
    if (id < 0 || gguf_get_kv_type(gguf_, id) != GGUF_TYPE_ARRAY) return tokens;
    if (gguf_get_arr_type(gguf_, id) != GGUF_TYPE_STRING) return tokens;
    for (std::size_t i = 0; i < gguf_get_arr_n(gguf_, id); ++i)
      tokens.emplace_back(gguf_get_arr_str(gguf_, id, i));
    return tokens;
  }

 private:
  std::uint64_t largest(int64_t id, std::uint64_t otherwise) const {
    const gguf_type type = gguf_get_arr_type(gguf_, id);
    if (type != GGUF_TYPE_UINT32 && type != GGUF_TYPE_INT32) return otherwise;
    const auto* values = static_cast<const std::uint32_t*>(gguf_get_arr_data(gguf_, id));
    const auto* end = values + gguf_get_arr_n(gguf_, id);
    return values == end ? otherwise : *std::max_element(values, end);
  }

  const gguf_context* gguf_;
  std::string prefix_;
};

}  // namespace

GgufHandle open_gguf(const std::filesystem::path& file) {
  prepare_library();
  std::array<char, 4> magic{};
  std::uint32_t version = 0;  // little-endian, as every processor we run on
  std::ifstream stream(file, std::ios::binary);
  stream.read(magic.data(), magic.size()).read(reinterpret_cast<char*>(&version), sizeof version);
  if (std::string_view(magic.data(), magic.size()) != "GGUF")
    throw ModelError(file.string() + ": no GGUF model");
  if (stream && version > GGUF_VERSION && version < 0x10000) {
    throw ModelError(file.string() + ": GGUF version " + std::to_string(version) + " is newer than the " +
                     std::to_string(GGUF_VERSION) + " that this llama.cpp reads; update slm-graph");
  }
  const LogCapture log;
  GgufHandle gguf(gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!gguf) throw ModelError(file.string() + ": the GGUF header is damaged or cut off: " + log.text());
  return gguf;
}

std::string type_name(ggml_type type) {
  std::string name;
  for (const char letter : std::string_view(ggml_type_name(type)))
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return name;
}

namespace {

struct Tensors {
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end = 0;     // of their data in the file
  std::string quantisation;  // of most parameters
};

Tensors read_tensors(const gguf_context* gguf) {
  Tensors tensors;
  std::map<ggml_type, std::uint64_t> by_type;
  for (int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
    const ggml_type type = gguf_get_tensor_type(gguf, i);
    const std::uint64_t bytes = gguf_get_tensor_size(gguf, i);
    std::uint64_t elements = 1;
    const int64_t* extents = gguf_get_tensor_ne(gguf, i);
    for (int d = 0; d < GGML_MAX_DIMS; ++d) elements *= static_cast<std::uint64_t>(extents[d]);
    by_type[type] += elements;
    tensors.parameters += elements;
    tensors.bytes += bytes;
    tensors.end = std::max(tensors.end, gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, i) + bytes);
  }
  if (by_type.empty()) return tensors;
  const auto most =
      std::max_element(by_type.begin(), by_type.end(), [](auto& a, auto& b) { return a.second < b.second; });
  tensors.quantisation = type_name(most->first);
  return tensors;
}

/// Keys and values of all layers, for one token.
std::uint64_t kv_bytes_per_token(const Header& header, LlamaOptions::KvType type) {
  const std::uint64_t heads = std::max<std::uint64_t>(header.number("attention.head_count", 1), 1);
  const std::uint64_t kv_heads = header.number("attention.head_count_kv", heads);
  const std::uint64_t head_size = header.number("embedding_length") / heads;
  const std::uint64_t key = header.number("attention.key_length", head_size);
  const std::uint64_t value = header.number("attention.value_length", head_size);
  const std::uint64_t values = header.number("block_count") * kv_heads * (key + value);
  return values * ggml_type_size(ggml_type_of(type)) /
         static_cast<std::uint64_t>(ggml_blck_size(ggml_type_of(type)));
}

}  // namespace

ggml_type ggml_type_of(LlamaOptions::KvType type) {
  switch (type) {
    case LlamaOptions::KvType::q8_0:
      return GGML_TYPE_Q8_0;
    case LlamaOptions::KvType::q4_0:
      return GGML_TYPE_Q4_0;
    default:
      return GGML_TYPE_F16;
  }
}

int context_of(const ModelInfo& info, const LlamaOptions& options) {
  constexpr std::uint64_t kDefaultMost = 2048;
  if (options.context > 0) return options.context;
  return static_cast<int>(info.context_tokens == 0 ? kDefaultMost
                                                   : std::min(info.context_tokens, kDefaultMost));
}

ModelInfo inspect_gguf(const std::filesystem::path& file, const LlamaOptions& options) {
  const GgufHandle gguf = open_gguf(file);
  const Header header(gguf.get());
  const Tensors tensors = read_tensors(gguf.get());
  ModelInfo info;
  info.file = file;
  info.format = "gguf";
  info.name = header.text("general.name");
  info.architecture = header.text("general.architecture");
  info.quantisation = tensors.quantisation;
  info.tokenizer = header.text("tokenizer.ggml.model");
  info.parameters = tensors.parameters;
  std::vector<std::string_view> vocabulary = header.vocabulary();
  info.vocabulary = vocabulary.size();
  info.context_tokens = header.number("context_length");
  info.file_bytes = std::filesystem::file_size(file);
  if (info.architecture.empty() || tensors.parameters == 0)
    throw ModelError(file.string() + ": a GGUF file without a model in it");
  // llama.cpp would end the program.
  std::sort(vocabulary.begin(), vocabulary.end());
  const auto twice = std::adjacent_find(vocabulary.begin(), vocabulary.end());
  if (twice != vocabulary.end())
    throw ModelError(file.string() + ": the vocabulary has the token `" + std::string(*twice) + "` twice");
  if (tensors.end > info.file_bytes) {
    throw ModelError(file.string() + ": the file is cut off: " + std::to_string(info.file_bytes) +
                     " bytes of " + std::to_string(tensors.end) + "; fetch it again");
  }
  const auto tokens = static_cast<std::uint64_t>(context_of(info, options)) *
                      static_cast<std::uint64_t>(std::max(options.slots, 1));
  const auto logits = static_cast<std::uint64_t>(logits_per_step(options)) * info.vocabulary;
  info.memory_bytes =
      tensors.bytes + tokens * kv_bytes_per_token(header, options.kv_type) + logits * sizeof(float);
  info.checksum = file_checksum(file);
  return info;
}

}  // namespace slm::llama
