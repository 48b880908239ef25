#include "models/llama/llama_model.h"

#include <algorithm>

#include "models/llama/generation_task.h"
#include "models/llama/scoring_task.h"

namespace slm::llama {
namespace {

std::string too_long(std::size_t tokens, int context) {
  return "the prompt has " + std::to_string(tokens) + " tokens, more than the context of " +
         std::to_string(context);
}

Model described(const ModelInfo& info, const ChatTemplate& chat_template) {
  return {.info = info,
          .no_chat = chat_template.problem(),
          .no_thinking = chat_template.can_think()
                             ? ""
                             : "the chat template in the model's file has no `enable_thinking`; take a model "
                               "that can think, such as Qwen 3, or leave `thinking` out"};
}

}  // namespace

LlamaModel::LlamaModel(std::shared_ptr<const Weights> weights, const LlamaOptions& options, ModelLog log)
    : weights_(weights),
      long_prompt_(options.long_prompt),
      chat_template_(weights->model.get()),
      // A state that is written over with each token cannot go back to where a guess was wrong.
      can_guess_(!llama_model_is_recurrent(weights->model.get()) &&
                 !llama_model_is_hybrid(weights->model.get())),
      executor_(std::move(weights), options, std::move(log)) {}

std::shared_ptr<const Constraint> LlamaModel::compile(const ConstraintSource& source) const {
  return std::make_shared<const CompiledConstraint>(source, weights_);
}

/// As many tokens as there is room for, where the answer has so many: at least half of the context.
/// `tokenize` makes them of what is given, or of the ends of it which have at least so many tokens.
template <class Tokenize>
Prompt LlamaModel::fitted(std::size_t bytes, std::size_t answer_tokens, std::string& refusal,
                          Tokenize tokenize) const {
  const auto context = static_cast<std::size_t>(executor_.context());
  const bool keeps_ends = long_prompt_ == LlamaOptions::LongPrompt::keep_ends;
  const std::size_t most = keeps_ends ? context - std::min(answer_tokens, context / 2) : context;
  const std::size_t at_least = weights_->vocabulary.least_tokens(bytes);
  if (!keeps_ends && at_least > context) {
    refusal = too_long(at_least, executor_.context()) + " at the very least";
    return {};
  }
  std::vector<llama_token> tokens = tokenize(most);
  if (tokens.size() <= most) return {std::move(tokens), false};
  if (!keeps_ends) {
    refusal = too_long(tokens.size(), executor_.context());
    return {};
  }
  const auto head = tokens.begin() + static_cast<std::ptrdiff_t>(most / 2);
  tokens.erase(head, head + static_cast<std::ptrdiff_t>(tokens.size() - most));
  return {std::move(tokens), true};
}

Prompt LlamaModel::prompt_of(std::string_view text, std::size_t answer_tokens, std::string& refusal) const {
  const Vocabulary& vocabulary = weights_->vocabulary;
  return fitted(text.size(), answer_tokens, refusal, [&](std::size_t most) {
    std::vector<llama_token> tokens = vocabulary.tokenize_prompt(vocabulary.ends_of(text, most));
    if (tokens.empty())
      refusal =
          "the prompt is empty or not in the model's vocabulary, and the model has no token that begins a "
          "text";
    return tokens;
  });
}

Prompt LlamaModel::prompt_of(Chat chat, std::size_t answer_tokens, bool thinks, std::string& refusal) const {
  const Vocabulary& vocabulary = weights_->vocabulary;
  std::size_t bytes = 0;
  for (const ChatMessage& message : chat) bytes += message.content.size();
  try {
    return fitted(bytes, answer_tokens, refusal, [&](std::size_t most) {
      for (ChatMessage& message : chat) message.content = vocabulary.ends_of(message.content, most);
      return chat_template_.tokens(chat, vocabulary, thinks);
    });
  } catch (const ModelError& error) {
    refusal = error.what();
    return {};
  }
}

void LlamaModel::submit(std::unique_ptr<Task> task, std::string refusal) {
  if (refusal.empty()) {
    executor_.submit(std::move(task));
  } else {
    executor_.refuse(std::move(task), std::move(refusal));
  }
}

void LlamaModel::generate(GenerationRequest request, std::function<void(GenerationResult)> done) {
  std::string refusal;
  const auto* constraint = dynamic_cast<const CompiledConstraint*>(request.constraint.get());
  if (request.constraint && (constraint == nullptr || &constraint->weights() != weights_.get())) {
    refusal = "the output format was compiled by another model";
    request.constraint = nullptr;
  }
  const auto answer_tokens =
      static_cast<std::size_t>(std::max(request.max_tokens, 0) + std::max(request.thinking_tokens, 0));
  Prompt prompt = request.chat ? prompt_of(*request.chat, answer_tokens, request.thinking_tokens > 0, refusal)
                               : prompt_of(request.prompt, answer_tokens, refusal);
  submit(std::make_unique<GenerationTask>(std::move(request), std::move(prompt), weights_->vocabulary,
                                          executor_.context(), can_guess_, std::move(done)),
         std::move(refusal));
}

void LlamaModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  std::string refusal;
  std::vector<std::vector<llama_token>> choices;
  std::size_t longest = 0;
  if (!request.choices || request.choices->size() < 2) {
    refusal = "at least two choices are needed";
  } else {
    for (const std::string& choice : *request.choices) {
      choices.push_back(weights_->vocabulary.tokenize_continuation(choice));
      longest = std::max(longest, choices.back().size());
      if (choices.back().empty()) refusal = "the choice \"" + choice + "\" is empty";
    }
  }
  Prompt prompt;
  if (refusal.empty())
    prompt = request.chat ? prompt_of(*request.chat, longest, false, refusal)
                          : prompt_of(request.prompt, longest, refusal);
  submit(std::make_unique<ScoringTask>(std::move(request), std::move(prompt), std::move(choices),
                                       std::move(done)),
         std::move(refusal));
}

Model load_llama(const std::filesystem::path& file, const LlamaOptions& options,
                 const std::function<bool()>& is_wanted, ModelLog log) {
  const auto model =
      std::make_shared<LlamaModel>(load_weights(file, options, is_wanted), options, std::move(log));
  Model loaded = described(model->info(), model->chat_template());
  loaded.generator = model;
  loaded.scorer = model;
  return loaded;
}

Model describe_llama(const std::filesystem::path& file, const LlamaOptions& options) {
  const auto weights = load_weights(file, options, nullptr, true);
  return described(weights->info, ChatTemplate(weights->model.get()));
}

}  // namespace slm::llama
