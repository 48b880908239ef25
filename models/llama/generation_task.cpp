#include "models/llama/generation_task.h"

#include <algorithm>
#include <cmath>

#include "models/llama/logits.h"

namespace slm::llama {
namespace {

std::optional<GrammarState> start(const CompiledConstraint* constraint) {
  if (constraint == nullptr) return std::nullopt;
  return constraint->start();
}

/// Tokens that a request may think, so that its answer has room.
int most_thoughts(const GenerationRequest& request, const Prompt& prompt, const Vocabulary& vocabulary,
                  int context) {
  if (request.thinking_tokens <= 0) return 0;
  const auto taken = prompt.tokens.size() + Thoughts::closing(vocabulary, false).size();
  return std::min(request.thinking_tokens, context - static_cast<int>(taken) - request.max_tokens);
}

}  // namespace

GenerationTask::GenerationTask(GenerationRequest request, Prompt prompt, const Vocabulary& vocabulary,
                               int context, bool can_guess, Done done)
    : Task(std::move(request.patience)),
      vocabulary_(&vocabulary),
      thoughts_(most_thoughts(request, prompt, vocabulary, context), vocabulary),
      constraint_(std::static_pointer_cast<const CompiledConstraint>(std::move(request.constraint))),
      done_(std::move(done)),
      sampler_(thoughts_.are_over() ? start(constraint_.get()) : std::nullopt, request.temperature,
               request.seed),
      text_(std::move(request.stop)),
      draft_(vocabulary.tokenize_continuation(request.draft)),
      give_up_below_(request.give_up_below),
      max_tokens_(request.max_tokens),
      context_(context),
      can_guess_(can_guess),
      evaluation_{.tokens = std::move(prompt.tokens), .start = 0} {
  if (request.thinking_tokens > 0 && thoughts_.are_over()) {
    const std::vector<llama_token> closing = Thoughts::closing(vocabulary, false);
    evaluation_.tokens.insert(evaluation_.tokens.end(), closing.begin(), closing.end());
  }
  generation_.is_prompt_cut = prompt.is_cut;
  generation_.prompt_tokens = static_cast<int>(evaluation_.tokens.size());
  if (max_tokens_ <= 0) finish(Generation::Finish::max_tokens);
}

const Evaluation* GenerationTask::next(Guessing& guessing) {
  if (is_forced_)
    constraint_->guesses().saw(guessed_, right_);
  else if (guessed_ > 0)
    guessing.saw_draft(guessed_, right_);
  if (is_finished_) return nullptr;
  if (last_ != LLAMA_TOKEN_NULL || !closing_.empty()) {
    evaluation_.tokens.assign(last_ == LLAMA_TOKEN_NULL ? 0 : 1, last_);
    evaluation_.start = end() - static_cast<int>(evaluation_.tokens.size());
    evaluation_.tokens.insert(evaluation_.tokens.end(), closing_.begin(), closing_.end());
    thought_tokens_ += static_cast<int>(closing_.size());
    closing_.clear();
  }
  evaluation_.logits_from = evaluation_.tokens.size() - 1;
  const std::vector<llama_token> guesses = guess(guessing);
  evaluation_.tokens.insert(evaluation_.tokens.end(), guesses.begin(), guesses.end());
  guessed_ = guesses.size();
  right_ = 0;
  return &evaluation_;
}

/// What the grammar leaves no choice about, or the draft has next, whichever is longer.
std::vector<llama_token> GenerationTask::guess(Guessing& guessing) {
  is_forced_ = false;
  if (!can_guess_ || !thoughts_.are_over()) return {};
  // The last token's place is there in any case; and the last token of an answer is not evaluated.
  const int room = std::min(context_ - end(), max_tokens_ - generation_.generated_tokens - 1);
  if (room <= 0) return {};
  std::vector<llama_token> tokens;
  if (constraint_ && guessing.pay(constraint_->guesses().right_share()))
    tokens = vocabulary_->tokenize_continuation(sampler_.forced_text());
  is_forced_ = !tokens.empty();
  if (const auto drafted = draft_.proposal(); drafted.size() > tokens.size() && guessing.drafts_pay()) {
    tokens.assign(drafted.begin(), drafted.end());
    is_forced_ = false;
  }
  if (tokens.size() > static_cast<std::size_t>(room)) tokens.resize(static_cast<std::size_t>(room));
  return tokens;
}

void GenerationTask::finish(Generation::Finish how) {
  generation_.finish = how;
  is_finished_ = true;
}

bool GenerationTask::take(std::size_t, std::span<const float> logits) {
  if (!thoughts_.are_over()) {
    think(logits);
    return false;
  }
  sample(logits);
  if (is_finished_ || right_ == guessed_) return false;
  const std::size_t guess = evaluation_.tokens.size() - guessed_ + right_;
  if (evaluation_.tokens[guess] != last_) return false;
  ++right_;
  ++generation_.drafted_tokens;
  return true;
}

/// The tokens of the sequence: prompt, thoughts and answer, the last one included.
int GenerationTask::end() const {
  return generation_.prompt_tokens + thought_tokens_ + generation_.generated_tokens;
}

void GenerationTask::think(std::span<const float> logits) {
  const llama_token token = sampler_.sample(logits, *vocabulary_).value().token;  // there is no grammar yet
  thoughts_.append(token);
  // A model that would end here is made to answer.
  last_ = vocabulary_->is_end(token) ? LLAMA_TOKEN_NULL : token;
  if (last_ != LLAMA_TOKEN_NULL) ++thought_tokens_;
  if (!thoughts_.are_over()) return;
  closing_ = thoughts_.closing();
  sampler_.hold_to(start(constraint_.get()));
}

void GenerationTask::sample(std::span<const float> logits) {
  if (generation_.generated_tokens == 0)
    generation_.evidence.first_token_margin = static_cast<float>(probability_margin(logits));
  const std::optional<SampledToken> sampled = sampler_.sample(logits, *vocabulary_);
  if (!sampled) {
    // Without a token to end with, the model ends where its grammar does.
    is_stuck_ = !vocabulary_->end_tokens().empty();
    return finish(Generation::Finish::end_of_text);
  }
  if (vocabulary_->is_end(sampled->token)) return finish(Generation::Finish::end_of_text);
  ++generation_.generated_tokens;
  generation_.evidence.token_logprobs.push_back(sampled->logprob);
  if (std::exp(sampled->logprob) < give_up_below_) return finish(Generation::Finish::given_up);
  if (text_.append(vocabulary_->piece(sampled->token))) return finish(Generation::Finish::stop_string);
  if (sampler_.is_complete(*vocabulary_)) return finish(Generation::Finish::end_of_text);
  if (generation_.generated_tokens == max_tokens_) return finish(Generation::Finish::max_tokens);
  last_ = sampled->token;
  draft_.follow(last_);
}

void GenerationTask::answer() {
  if (is_stuck_) {
    return done_(
        ModelFailure{.reason = "the grammar came to a place where it allows no token of the model, after \"" +
                               text_.finish() + '"'});
  }
  generation_.text = text_.finish();
  generation_.generated_tokens += thought_tokens_;
  if (constraint_) generation_.evidence.schema_valid = constraint_->schema_valid(generation_.text);
  done_(std::move(generation_));
}

}  // namespace slm::llama
