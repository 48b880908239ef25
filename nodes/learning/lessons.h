#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/registry.h"
#include "models/learning/learner.h"

namespace slm {

/// A model of the pipeline that learns.
struct Pupil {
  std::string model;
  std::shared_ptr<learning::Learner> learner;
};

/// The names of the models that learn and whose evidence can come to the node.
std::vector<std::string> learning_models_before(const PipelineSpec& pipeline, const NodeSpec& node);

/// Those models, opened; none for a node without a pipeline.
std::vector<Pupil> pupils_of(const NodeContext& context);

/// Makes a lesson of a message that is sent up, once it has ended with the answer of a tier above: of its
/// text as it is now, and the label of that answer, or its text where it has none.
class LessonWitness : public Witness {
 public:
  LessonWitness(std::shared_ptr<learning::Learner> learner, const Message& message, double weight,
                double greatest_weight)
      : learner_{std::move(learner)},
        tier_{message.answer.tier},
        lesson_{message.request.text, {}, weight, greatest_weight} {}

  void ended(const Message& message, OutcomeKind kind) noexcept override;

 private:
  std::shared_ptr<learning::Learner> learner_;
  std::string tier_;
  learning::Lesson lesson_;
};

}  // namespace slm
