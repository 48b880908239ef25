#pragma once

#include <memory>
#include <optional>

#include "models/model.h"
#include "models/pacer.h"
#include "models/replay/answers.h"

namespace slm::replay {

/// Answers from a file as a model did once. `done` is called before the call returns, or, at the recorded
/// pace, on the thread of the pacer.
class ReplayModel : public Generator, public ChoiceScorer {
 public:
  ReplayModel(std::shared_ptr<const Answers> answers, ReplayOptions::Pace pace);

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override;
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override;
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override;

 private:
  template <class Result>
  void give(Came came, const Patience& patience,
            std::function<void(std::variant<Result, ModelFailure>)> done);

  std::shared_ptr<const Answers> answers_;
  std::optional<Pacer> pacer_;  ///< empty: at once
};

Model replayed(const std::shared_ptr<const Answers>& answers, ReplayOptions::Pace pace);

}  // namespace slm::replay
