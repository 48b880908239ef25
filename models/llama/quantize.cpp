#include "models/llama/quantize.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <regex>
#include <system_error>

#include "models/llama/backend_library.h"
#include "models/llama/gguf_file.h"

namespace slm::llama {
namespace {

struct Quantisation {
  const char* name;
  llama_ftype file_type;
  ggml_type tensor_type;  // of most tensors
};

// Without those that need an importance matrix, which nothing here makes.
constexpr Quantisation kQuantisations[] = {
    {"F32", LLAMA_FTYPE_ALL_F32, GGML_TYPE_F32},
    {"F16", LLAMA_FTYPE_MOSTLY_F16, GGML_TYPE_F16},
    {"BF16", LLAMA_FTYPE_MOSTLY_BF16, GGML_TYPE_BF16},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0, GGML_TYPE_Q8_0},
    {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K, GGML_TYPE_Q6_K},
    {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M, GGML_TYPE_Q5_K},
    {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S, GGML_TYPE_Q5_K},
    {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1, GGML_TYPE_Q5_1},
    {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0, GGML_TYPE_Q5_0},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M, GGML_TYPE_Q4_K},
    {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S, GGML_TYPE_Q4_K},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1, GGML_TYPE_Q4_1},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0, GGML_TYPE_Q4_0},
    {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL, GGML_TYPE_IQ4_NL},
    {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS, GGML_TYPE_IQ4_XS},
    {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L, GGML_TYPE_Q3_K},
    {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M, GGML_TYPE_Q3_K},
    {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S, GGML_TYPE_Q3_K},
    {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K, GGML_TYPE_Q2_K},
};

constexpr ggml_type kTensorTypes[] = {GGML_TYPE_F32,    GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0,
                                      GGML_TYPE_Q6_K,   GGML_TYPE_Q5_K, GGML_TYPE_Q5_1, GGML_TYPE_Q5_0,
                                      GGML_TYPE_Q4_K,   GGML_TYPE_Q4_1, GGML_TYPE_Q4_0, GGML_TYPE_IQ4_NL,
                                      GGML_TYPE_IQ4_XS, GGML_TYPE_Q3_K, GGML_TYPE_Q2_K};

const Quantisation& quantisation(const std::string& name) {
  const auto* found =
      std::ranges::find_if(kQuantisations, [&](const Quantisation& known) { return known.name == name; });
  if (found == std::end(kQuantisations)) throw ModelError("there is no quantisation `" + name + "`");
  return *found;
}

struct Pattern {
  const TensorType* option;
  std::regex regex;
  ggml_type type;
};

std::vector<Pattern> compiled(const std::vector<TensorType>& options) {
  std::vector<Pattern> patterns;
  for (const TensorType& option : options) {
    const auto* type =
        std::ranges::find_if(kTensorTypes, [&](ggml_type known) { return type_name(known) == option.type; });
    if (type == std::end(kTensorTypes)) throw ModelError("there is no type of tensors `" + option.type + "`");
    try {
      patterns.push_back({&option, std::regex(option.pattern), *type});
    } catch (const std::regex_error& error) {
      throw ModelError("`" + option.pattern + "` is no regular expression: " + error.what());
    }
  }
  return patterns;
}

const Pattern* pattern_of(const std::string& tensor, const std::vector<Pattern>& patterns) {
  const auto found = std::ranges::find_if(
      patterns, [&](const Pattern& pattern) { return std::regex_search(tensor, pattern.regex); });
  return found == patterns.end() ? nullptr : &*found;
}

void check_is_whole(const gguf_context* gguf, const std::filesystem::path& file) {
  const int64_t id = gguf_find_key(gguf, "split.count");
  if (id >= 0 && gguf_get_kv_type(gguf, id) == GGUF_TYPE_UINT16 && gguf_get_val_u16(gguf, id) > 1) {
    throw ModelError(file.string() + ": one of the " + std::to_string(gguf_get_val_u16(gguf, id)) +
                     " parts of a model; join them with llama.cpp's llama-gguf-split --merge first");
  }
}

void check_is_unquantised(const gguf_context* gguf, const std::filesystem::path& file) {
  for (int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
    const ggml_type type = gguf_get_tensor_type(gguf, i);
    if (!ggml_is_quantized(type)) continue;
    throw ModelError(file.string() + ": quantised already (" + gguf_get_tensor_name(gguf, i) + " is " +
                     type_name(type) +
                     "); take the model's F16, BF16 or F32 file, or --requantize to lose precision twice");
  }
}

void check_patterns(const gguf_context* gguf, const std::filesystem::path& file,
                    const std::vector<Pattern>& patterns) {
  std::vector<bool> is_used(patterns.size());
  std::string example;
  for (int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
    const std::string name = gguf_get_tensor_name(gguf, i);
    if (name.starts_with("blk.")) example = name;
    for (std::size_t p = 0; p < patterns.size(); ++p)
      if (std::regex_search(name, patterns[p].regex)) is_used[p] = true;
  }
  const auto unused = std::ranges::find(is_used, false);
  if (unused == is_used.end()) return;
  throw ModelError(file.string() + ": no tensor's name has `" +
                   patterns[static_cast<std::size_t>(unused - is_used.begin())].option->pattern +
                   "` in it; they are called like `" + example + "`");
}

/// llama.cpp tells its progress only in its log: "[   3/  21] blk.0.attn_k.weight - …".
void tell_progress(std::string_view message, const std::function<void(int, int)>& on_tensor) {
  int begun = 0, total = 0;
  const std::string line(message.substr(0, 32));
  if (on_tensor && std::sscanf(line.c_str(), "[%d/%d]", &begun, &total) == 2) on_tensor(begun, total);
}

void run(const std::filesystem::path& file, const std::filesystem::path& output,
         const llama_model_quantize_params& parameters, const std::function<void(int, int)>& on_tensor) {
  const LogCapture log([&](std::string_view message) { tell_progress(message, on_tensor); });
  errno = 0;
  if (llama_model_quantize(file.c_str(), output.c_str(), &parameters) == 0) return;
  const int reason = errno;
  const std::string text = log.text();
  // What a C++ stream says when it cannot write; the system's own reason is all that tells why.
  if (text.find("iostream error") != std::string::npos)
    throw std::system_error(reason == 0 ? EIO : reason, std::generic_category(), "cannot write the model");
  throw ModelError(file.string() + ": llama.cpp cannot quantise this model: " + text);
}

void read_result(const gguf_context* before, const gguf_context* after, ggml_type type,
                 const std::vector<Pattern>& patterns, QuantizeReport& report) {
  for (int64_t i = 0; i < gguf_get_n_tensors(after); ++i) {
    const std::string name = gguf_get_tensor_name(after, i);
    const ggml_type written = gguf_get_tensor_type(after, i);
    ++report.tensors[type_name(written)];
    const int64_t columns = gguf_get_tensor_ne(after, i)[0];
    const Pattern* pattern = pattern_of(name, patterns);
    const ggml_type wanted = pattern == nullptr ? type : pattern->type;
    // Without a pattern a mixture may give any type, and norms and the like stay as they are.
    const bool is_changed = written != gguf_get_tensor_type(before, gguf_find_tensor(before, name.c_str()));
    const bool is_fallback = is_changed && columns % ggml_blck_size(wanted) != 0;
    if (pattern == nullptr ? is_fallback : written != wanted)
      report.unlike.push_back({name, type_name(wanted), type_name(written)});
  }
}

}  // namespace

const std::vector<std::string>& quantisation_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Quantisation& known : kQuantisations) all.emplace_back(known.name);
    return all;
  }();
  return names;
}

const std::vector<std::string>& tensor_type_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const ggml_type type : kTensorTypes) all.push_back(type_name(type));
    return all;
  }();
  return names;
}

QuantizeReport quantize(const std::filesystem::path& file, const std::filesystem::path& output,
                        const QuantizeOptions& options, const std::function<void(int, int)>& on_tensor) {
  const Quantisation& to = quantisation(options.to);
  const std::vector<Pattern> patterns = compiled(options.tensors);
  if (!patterns.empty() && !ggml_is_quantized(to.tensor_type))
    throw ModelError("tensors can have types of their own only where the model gets a quantised one, not " +
                     options.to);
  QuantizeReport report;
  report.before = inspect_gguf(file, {});
  const GgufHandle before = open_gguf(file);
  check_is_whole(before.get(), file);
  if (!options.may_requantize) check_is_unquantised(before.get(), file);
  check_patterns(before.get(), file, patterns);

  std::vector<llama_model_tensor_override> overrides;
  overrides.reserve(patterns.size() + 1);
  for (const Pattern& pattern : patterns)
    overrides.push_back({pattern.option->pattern.c_str(), pattern.type});
  overrides.push_back({nullptr, GGML_TYPE_COUNT});
  llama_model_quantize_params parameters = llama_model_quantize_default_params();
  parameters.nthread = options.threads;
  parameters.ftype = to.file_type;
  parameters.allow_requantize = options.may_requantize;
  if (!patterns.empty()) parameters.tt_overrides = overrides.data();
  run(file, output, parameters, on_tensor);

  report.after = inspect_gguf(output, {});
  read_result(before.get(), open_gguf(output).get(), to.tensor_type, patterns, report);
  return report;
}

}  // namespace slm::llama
