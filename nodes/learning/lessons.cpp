#include "nodes/learning/lessons.h"

#include <exception>

#include "graph/pipeline.h"
#include "nodes/model_resource.h"
#include "nodes/same_answer.h"
#include "nodes/upstream_evidence.h"

namespace slm {

std::vector<std::string> learning_models_before(const PipelineSpec& pipeline, const NodeSpec& node) {
  std::vector<std::string> names;
  for (const NodeSpec* source : evidence_sources(pipeline, node).nodes)
    for (const std::string& name : source->models)
      if (const ModelSpec* model = pipeline.model(name); model && learning_of(*model)) names.push_back(name);
  return names;
}

std::vector<Pupil> pupils_of(const NodeContext& context) {
  std::vector<Pupil> pupils;
  const PipelineSpec* pipeline = context.pipeline();
  if (!pipeline) return pupils;
  for (const std::string& name : learning_models_before(*pipeline, *pipeline->node(context.node_name())))
    pupils.push_back({name, std::static_pointer_cast<ModelResource>(context.model(name))->model.learner});
  return pupils;
}

void LessonWitness::ended(const Message& message, OutcomeKind kind) noexcept {
  const Answer& answer = message.answer;
  if (kind != OutcomeKind::answered || message.is_degraded || answer.tier == tier_) return;
  try {
    lesson_.label = said_by(answer);
    learner_->learn(std::move(lesson_));
  } catch (const std::exception&) {
    // Out of memory, at worst: a lesson less.
  }
}

}  // namespace slm
