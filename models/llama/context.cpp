#include "models/llama/context.h"

#include <algorithm>
#include <string>

#include "models/llama/backend_library.h"
#include "models/llama/gguf_file.h"
#include "models/llama/threads.h"

namespace slm::llama {
namespace {

void check(const Weights& weights, const LlamaOptions& options, int context) {
  const auto refuse = [&](const std::string& why) {
    throw ModelError(weights.info.file.string() + ": " + why);
  };
  const auto most_slots = static_cast<int>(llama_max_parallel_sequences());
  if (options.slots < 1 || options.slots > most_slots)
    refuse("`slots` is " + std::to_string(options.slots) + ", which is not in 1…" +
           std::to_string(most_slots));
  if (context < 1) refuse("`context` is " + std::to_string(context) + "; it must be positive");
  if (options.threads < 0 || options.threads > 512)
    refuse("`threads` is " + std::to_string(options.threads) + ", which is not in 0…512");
  if (options.batch < options.slots)
    refuse("`batch` is " + std::to_string(options.batch) + ", less than one token for each slot");
  const std::uint64_t trained = weights.info.context_tokens;
  if (trained != 0 && static_cast<std::uint64_t>(context) > trained) {
    refuse("`context` is " + std::to_string(context) + ", more than the " + std::to_string(trained) +
           " tokens that the model was trained with");
  }
}

}  // namespace

int logits_per_step(const LlamaOptions& options) {
  // A token of each slot, and guesses at some answers: the logits of a large vocabulary take half a megabyte.
  return std::min(options.batch, options.slots + 64);
}

ContextHandle make_context(const Weights& weights, const LlamaOptions& options, int context) {
  check(weights, options, context);
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = static_cast<std::uint32_t>(context) * static_cast<std::uint32_t>(options.slots);
  parameters.n_batch = static_cast<std::uint32_t>(options.batch);
  parameters.n_ubatch = parameters.n_batch;
  parameters.n_seq_max = static_cast<std::uint32_t>(options.slots);
  parameters.n_outputs_max = static_cast<std::uint32_t>(logits_per_step(options));
  parameters.type_k = parameters.type_v = ggml_type_of(options.kv_type);
  parameters.n_threads = decoding_threads(weights.info.parameters, options);
  parameters.n_threads_batch = parameters.n_threads;
  // Each slot has a KV cache of its own, and attention is llama.cpp's choice: for models of a few million
  // parameters one cache for all slots was a tenth to a third slower, attention without the fused kernel half
  // as fast at 16 slots.
  const LogCapture log;
  ContextHandle handle(llama_init_from_model(weights.model.get(), parameters));
  if (!handle) {
    throw ModelError(weights.info.file.string() + ": no working memory for " + std::to_string(options.slots) +
                     " slots of " + std::to_string(context) + " tokens: " + log.text());
  }
  if (llama_get_memory(handle.get()) == nullptr)
    throw ModelError(weights.info.file.string() + ": the model does not generate text token by token");
  return handle;
}

}  // namespace slm::llama
