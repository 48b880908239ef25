#pragma once

#include "models/llama/chat_template.h"
#include "models/llama/executor.h"

namespace slm::llama {

/// A GGUF model that runs: generates text and scores choices, many requests together. Any thread.
class LlamaModel : public Generator, public ChoiceScorer {
 public:
  /// Throws `ModelError`, which names the file.
  LlamaModel(std::shared_ptr<const Weights> weights, const LlamaOptions& options, ModelLog log);

  const ModelInfo& info() const { return weights_->info; }
  const ChatTemplate& chat_template() const { return chat_template_; }

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override;

  /// Tokenises on the caller's thread, so that a long text holds up nobody else.
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override;
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override;

 private:
  Prompt prompt_of(std::string_view text, std::size_t answer_tokens, std::string& refusal) const;
  Prompt prompt_of(Chat chat, std::size_t answer_tokens, bool thinks, std::string& refusal) const;
  template <class Tokenize>
  Prompt fitted(std::size_t bytes, std::size_t answer_tokens, std::string& refusal, Tokenize tokenize) const;
  void submit(std::unique_ptr<Task> task, std::string refusal);

  std::shared_ptr<const Weights> weights_;
  LlamaOptions::LongPrompt long_prompt_;
  ChatTemplate chat_template_;
  bool can_guess_;
  Executor executor_;
};

/// Loads a GGUF model and starts its executor. Throws `ModelError`, which names the file, or where
/// `is_wanted` is false, which is asked now and then. `log` as for `Executor`.
Model load_llama(const std::filesystem::path& file, const LlamaOptions& options = {},
                 const std::function<bool()>& is_wanted = nullptr, ModelLog log = nullptr);

/// What such a model says of itself, without what it can do. Reads the header and the vocabulary. Throws
/// `ModelError`.
Model describe_llama(const std::filesystem::path& file, const LlamaOptions& options);

}  // namespace slm::llama
