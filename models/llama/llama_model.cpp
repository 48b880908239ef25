#include "models/llama/llama_model.h"

#include "models/llama/generation_task.h"
#include "models/llama/scoring_task.h"

namespace slm::llama {
namespace {

std::string too_long(std::size_t tokens, int context) {
  return "the prompt has " + std::to_string(tokens) + " tokens, more than the context of " +
         std::to_string(context);
}

}  // namespace

LlamaModel::LlamaModel(std::shared_ptr<const Weights> weights, const LlamaOptions& options)
    : weights_(weights),
      chat_template_(weights->model.get()),
      // A state that is written over with each token cannot go back to where a guess was wrong.
      can_guess_(!llama_model_is_recurrent(weights->model.get()) &&
                 !llama_model_is_hybrid(weights->model.get())),
      executor_(std::move(weights), options) {}

std::shared_ptr<const Constraint> LlamaModel::compile(const ConstraintSource& source) const {
  return std::make_shared<const CompiledConstraint>(source, weights_);
}

std::vector<llama_token> LlamaModel::tokenize_prompt(const std::string& prompt, std::string& refusal) const {
  const auto context = static_cast<std::size_t>(executor_.context());
  const std::size_t at_least = weights_->vocabulary.least_tokens(prompt.size());
  if (at_least > context) {
    refusal = too_long(at_least, executor_.context()) + " at the very least";
    return {};
  }
  std::vector<llama_token> tokens = weights_->vocabulary.tokenize_prompt(prompt);
  if (tokens.empty())
    refusal =
        "the prompt is empty or not in the model's vocabulary, and the model has no token that begins a text";
  if (tokens.size() > context) refusal = too_long(tokens.size(), executor_.context());
  return tokens;
}

std::vector<llama_token> LlamaModel::tokenize_chat(const Chat& chat, std::string& refusal) const {
  const auto context = static_cast<std::size_t>(executor_.context());
  std::size_t bytes = 0;
  for (const ChatMessage& message : chat) bytes += message.content.size();
  const std::size_t at_least = weights_->vocabulary.least_tokens(bytes);
  if (at_least > context) {
    refusal = too_long(at_least, executor_.context()) + " at the very least";
    return {};
  }
  try {
    std::vector<llama_token> tokens = chat_template_.tokens(chat, weights_->vocabulary);
    if (tokens.size() > context) refusal = too_long(tokens.size(), executor_.context());
    return tokens;
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
  std::vector<llama_token> prompt =
      request.chat ? tokenize_chat(*request.chat, refusal) : tokenize_prompt(request.prompt, refusal);
  submit(std::make_unique<GenerationTask>(std::move(request), std::move(prompt), weights_->vocabulary,
                                          can_guess_ ? executor_.context() : 0, std::move(done)),
         std::move(refusal));
}

void LlamaModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  std::string refusal;
  std::vector<llama_token> prompt = tokenize_prompt(request.prompt, refusal);
  std::vector<std::vector<llama_token>> choices;
  if (!request.choices || request.choices->size() < 2) {
    refusal = "at least two choices are needed";
  } else {
    for (const std::string& choice : *request.choices) {
      choices.push_back(weights_->vocabulary.tokenize_continuation(choice));
      if (choices.back().empty()) refusal = "the choice \"" + choice + "\" is empty";
    }
  }
  submit(std::make_unique<ScoringTask>(std::move(request), std::move(prompt), std::move(choices),
                                       std::move(done)),
         std::move(refusal));
}

Model load_llama(const std::filesystem::path& file, const LlamaOptions& options) {
  const auto model = std::make_shared<LlamaModel>(load_weights(file, options), options);
  return {.info = model->info(),
          .classifier = nullptr,
          .generator = model,
          .scorer = model,
          .learner = nullptr,
          .no_chat = model->chat_template().problem()};
}

}  // namespace slm::llama
