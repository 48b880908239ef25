#pragma once

#include "models/model.h"
#include "models/openai/batch/options.h"
#include "models/openai/call.h"
#include "models/openai/options.h"

namespace slm::openai {

/// A model behind an OpenAI-compatible HTTP API. Any thread.
///
/// Evidence is what the server reports: log-probabilities of the tokens where it gives them for the whole
/// answer, else none. llama-server's are those before the grammar; what others report for an answer that they
/// hold to a schema is for them to say.
class OpenAiModel : public Generator, public ChoiceScorer {
 public:
  /// Connects to nothing yet. Throws `ModelError`, and `std::invalid_argument` where the address is none.
  explicit OpenAiModel(const OpenAiOptions& options);
  /// Has its calls handed in there; `options` say how they are written.
  OpenAiModel(const OpenAiOptions& options, std::unique_ptr<Desk> desk);

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override;
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override;

  /// Lets the model choose, held to the choices where the server can be told them, and reads the
  /// probabilities off the tokens (see `ChoicePath`). A server that gives none leaves only the choice.
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override;

 private:
  OpenAiOptions options_;
  std::unique_ptr<Desk> desk_;
};

/// Throws `ModelError` where the options make no sense; no server is asked.
Model open_openai(const OpenAiOptions& options);

/// The same, but its requests go in batches. `BatchOptions::journal` must not be in use.
Model open_openai_in_batches(OpenAiOptions options, const BatchOptions& batches,
                             BatchSurroundings surroundings);

}  // namespace slm::openai
