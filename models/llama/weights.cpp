#include "models/llama/weights.h"

#include "models/llama/backend_library.h"
#include "models/llama/gguf_file.h"

namespace slm::llama {

std::shared_ptr<const Weights> load_weights(const std::filesystem::path& file, const LlamaOptions& options,
                                            const std::function<bool()>& is_wanted, bool vocabulary_only) {
  prepare_library();
  ModelInfo info = inspect_gguf(file, options);
  llama_model_params parameters = llama_model_default_params();
  parameters.n_gpu_layers = options.gpu_layers;
  parameters.vocab_only = vocabulary_only;
  // The default prints dots.
  parameters.progress_callback = [](float, void* wanted) {
    const auto& still_wanted = *static_cast<const std::function<bool()>*>(wanted);
    return !still_wanted || still_wanted();
  };
  parameters.progress_callback_user_data = const_cast<std::function<bool()>*>(&is_wanted);
  const LogCapture log;
  ModelHandle model(llama_model_load_from_file(file.c_str(), parameters));
  if (!model && is_wanted && !is_wanted()) throw ModelError(file.string() + ": nobody waits for it any more");
  if (!model) throw ModelError(file.string() + ": llama.cpp cannot load this model: " + log.text());
  const auto refuse = [&](const char* why) { throw ModelError(file.string() + ": " + why); };
  if (llama_vocab_type(llama_model_get_vocab(model.get())) == LLAMA_VOCAB_TYPE_NONE)
    refuse("the model has no tokenizer in its file");
  if (llama_model_has_encoder(model.get()) || !llama_model_has_decoder(model.get()) ||
      llama_model_is_diffusion(model.get()))
    refuse("the model does not generate text token by token; a decoder such as Qwen or Llama is needed");
  Vocabulary vocabulary(model.get());
  return std::make_shared<const Weights>(Weights{std::move(info), std::move(model), std::move(vocabulary)});
}

}  // namespace slm::llama
