#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "evidence/evidence.h"
#include "models/chat.h"

namespace slm {

/// Why a model gave no answer: a value, since the world's failures never throw.
struct ModelFailure {
  enum class Kind {
    failed,
    expired,
    cancelled,
    put_off  ///< the process is to end, and a later one has the answer without asking again
  };
  /// Of what failed: what tells whether another try may help.
  enum class Cause {
    other,        ///< the same again would fail again
    unavailable,  ///< the server is out of reach, or has no time; it has not begun to answer
    timeout,      ///< the server took longer than the model's limits
    interrupted,  ///< the answer broke off
    invalid       ///< what came is no answer: a refusal, say, or none of the choices
  };
  Kind kind = Kind::failed;
  std::string reason;
  Cause cause = Cause::other;
  std::optional<std::chrono::seconds> retry_after;  ///< as the server asks
  // That were spent in vain, where the model tells.
  int prompt_tokens = 0;
  int generated_tokens = 0;
};

/// Until when, and whether still, an answer is wanted. Checked while the request waits and at every token.
struct Patience {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token cancelled;
  /// Whether a failure is followed by another try, and so is no result yet; empty: never. To be called before
  /// `done` has that failure.
  std::function<bool(const ModelFailure&)> will_ask_again;
  bool can_wait = false;        ///< it gives way to requests that cannot
  bool can_be_put_off = false;  ///< may end `put_off`: a later process asks again
  std::string asker{};          ///< the node that asks: those who share a model have turns
};

/// A compiled output format (JSON Schema or GBNF grammar), shared by all requests of a node.
class Constraint {
 public:
  virtual ~Constraint() = default;
};

/// What an output must look like, as the pipeline author gave it.
struct ConstraintSource {
  enum class Language { json_schema, gbnf };
  Language language;
  std::string text;
};

/// What is known of an answer that was given before and is given again.
struct Recorded {
  std::optional<std::chrono::nanoseconds> duration;  ///< that it took then
  std::optional<double> cost;
  bool is_cached = false;  ///< no model was asked this time: nothing was spent
  /// Where it is the answer to another question: the cosine of the two. 0: to this very one.
  float nearest = 0;
};

/// What of a prompt is the request's own, for who looks for requests that are alike.
struct Subject {
  std::string frame;  ///< the prompt without it: prompts in different frames are never alike
  std::string text;
};

struct GenerationRequest {
  std::string id;                    ///< of the caller's request; models that run take no notice of it
  std::string prompt;                ///< of a chat: the chat as text, which tells it from others
  std::optional<Chat> chat{};        ///< asked in place of the prompt; see `Model::no_chat`
  std::optional<Subject> subject{};  ///< where `SubjectUse` wants one
  std::shared_ptr<const Constraint> constraint;  ///< null: any text
  std::vector<std::string> stop;                 ///< output ends before the first of these
  std::string draft{};  ///< a guess at the answer, which it may hasten but never changes; empty: none
  /// What the model may think before it answers, in tokens, beside `max_tokens`; see `Model::no_thinking`.
  /// 0: it does not.
  int thinking_tokens = 0;
  /// The answer ends at the first token that is less likely: nobody wants it then. 0: at none. Models that
  /// cannot tell in time take no notice of it.
  double give_up_below = 0;
  int max_tokens = 128;
  float temperature = 0;   ///< 0: greedy
  std::uint64_t seed = 0;  ///< used where temperature is above 0
  Patience patience;
};

struct Generation {
  enum class Finish { end_of_text, stop_string, max_tokens, given_up };
  std::string text;
  Finish finish = Finish::end_of_text;
  Evidence evidence;
  int prompt_tokens = 0;
  int generated_tokens = 0;    ///< with those of its thoughts
  bool is_prompt_cut = false;  ///< the middle of the prompt was left out, since it was too long
  int cached_tokens = 0;       ///< of the prompt's, that were evaluated for an earlier request
  int drafted_tokens =
      0;  ///< of the generated ones, that were guessed right and so took no step of their own
  Recorded recorded;
  std::shared_ptr<const std::string> variant{};  ///< who wrote it, of a model with several files
};

using GenerationResult = std::variant<Generation, ModelFailure>;

/// A model that continues a text.
///
/// Every function may be called from any thread. `done` is called exactly once for each request, on a thread
/// of the model or before the call returns, also when the model is destroyed first; it must not throw or
/// block.
class Generator {
 public:
  virtual ~Generator() = default;

  /// Throws `ModelError` saying where, if the format cannot be expressed.
  virtual std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const = 0;

  virtual void generate(GenerationRequest request, std::function<void(GenerationResult)> done) = 0;
};

struct ChoiceRequest {
  std::string id;  ///< as in `GenerationRequest`
  std::string prompt;
  /// At least two, none empty; null for a model that brings its own, such as a replayed classifier.
  std::shared_ptr<const std::vector<std::string>> choices;
  Patience patience;
  std::optional<Subject> subject{};  ///< as in `GenerationRequest`
  std::optional<Chat> chat{};        ///< as in `GenerationRequest`
};

struct ChoiceScores {
  Evidence evidence;  ///< `labels` holds the choices and their probabilities
  /// Set where the model chose without telling probabilities: the choice's position, and no evidence.
  std::optional<std::size_t> chosen;
  int prompt_tokens = 0;
  bool is_prompt_cut = false;  ///< as in `Generation`
  Recorded recorded;
  std::shared_ptr<const std::string> variant{};  ///< as in `Generation`
};

using ChoiceResult = std::variant<ChoiceScores, ModelFailure>;

/// A model that says how likely each of several continuations of a text is. Same contract as `Generator`.
class ChoiceScorer {
 public:
  virtual ~ChoiceScorer() = default;

  /// Probabilities are exp(Σ token log-probabilities) of each choice after the prompt, normalised over
  /// choices; where a model can only estimate them, its class says how.
  virtual void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) = 0;
};

}  // namespace slm
