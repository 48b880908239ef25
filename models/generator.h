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

namespace slm {

/// Why a model gave no answer: a value, since the world's failures never throw.
struct ModelFailure {
  enum class Kind { failed, expired, cancelled };
  Kind kind = Kind::failed;
  std::string reason;
};

/// Until when, and whether still, an answer is wanted. Checked while the request waits and at every token.
struct Patience {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token cancelled;
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

struct GenerationRequest {
  std::string prompt;
  std::shared_ptr<const Constraint> constraint;  ///< null: any text
  std::vector<std::string> stop;                 ///< output ends before the first of these
  int max_tokens = 128;
  float temperature = 0;   ///< 0: greedy
  std::uint64_t seed = 0;  ///< used where temperature is above 0
  Patience patience;
};

struct Generation {
  enum class Finish { end_of_text, stop_string, max_tokens };
  std::string text;
  Finish finish = Finish::end_of_text;
  Evidence evidence;
  int prompt_tokens = 0;
  int generated_tokens = 0;
};

using GenerationResult = std::variant<Generation, ModelFailure>;

/// A model that continues a text.
///
/// Every function may be called from any thread. `done` is called exactly once for each request, on a thread
/// of the model, also when the model is destroyed first; it must not throw or block.
class Generator {
 public:
  virtual ~Generator() = default;

  /// Throws `ModelError` saying where, if the format cannot be expressed.
  virtual std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const = 0;

  virtual void generate(GenerationRequest request, std::function<void(GenerationResult)> done) = 0;
};

struct ChoiceRequest {
  std::string prompt;
  std::shared_ptr<const std::vector<std::string>> choices;  ///< at least two, none empty
  Patience patience;
};

struct ChoiceScores {
  Evidence evidence;  ///< `labels` holds the choices and their probabilities
  /// Set where the model chose without telling probabilities: the choice's position, and no evidence.
  std::optional<std::size_t> chosen;
  int prompt_tokens = 0;
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
