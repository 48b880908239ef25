#include "models/replay/replay_model.h"

#include <utility>

#include "models/output/gbnf_check.h"
#include "models/output/json_schema.h"

namespace slm::replay {
namespace {

class ReplayedFormat : public Constraint {
 public:
  explicit ReplayedFormat(const ConstraintSource& source) : name{format_name(source)} {
    if (source.language == ConstraintSource::Language::json_schema)
      schema = output::JsonSchema::parse(source.text);
    else
      output::check_gbnf(source.text);
  }

  std::string name;
  std::optional<output::JsonSchema> schema;
};

}  // namespace

ReplayModel::ReplayModel(std::shared_ptr<const Answers> answers, ReplayOptions::Pace pace)
    : answers_{std::move(answers)} {
  if (pace == ReplayOptions::Pace::recorded) pacer_.emplace();
}

std::shared_ptr<const Constraint> ReplayModel::compile(const ConstraintSource& source) const {
  return std::make_shared<const ReplayedFormat>(source);
}

template <class Result>
void ReplayModel::give(Came came, const Patience& patience,
                       std::function<void(std::variant<Result, ModelFailure>)> done) {
  std::variant<Result, ModelFailure> result = ModelFailure{.reason = "the answer is of another kind"};
  if (auto* answer = std::get_if<Result>(&came.answer)) {
    answer->recorded = came.recorded;
    result = std::move(*answer);
  } else if (auto* failure = std::get_if<ModelFailure>(&came.answer)) {
    result = std::move(*failure);
  }
  const auto finish = [result = std::move(result),
                       done = std::move(done)](std::optional<ModelFailure> failure) {
    if (failure)
      done(*std::move(failure));
    else
      done(result);
  };
  if (pacer_ && came.recorded.duration)
    pacer_->wait(*came.recorded.duration, patience, finish);
  else
    finish(impatience(patience));
}

void ReplayModel::generate(GenerationRequest request, std::function<void(GenerationResult)> done) {
  const auto* format = dynamic_cast<const ReplayedFormat*>(request.constraint.get());
  Came came = answers_->find(asked_of(request, format ? format->name : ""), request.id);
  if (auto* answer = std::get_if<Generation>(&came.answer); answer && format && format->schema)
    if (!answer->evidence.schema_valid)
      answer->evidence.schema_valid = !format->schema->violation(answer->text).has_value();
  give<Generation>(std::move(came), request.patience, std::move(done));
}

void ReplayModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  Came came = answers_->find(asked_of(request), request.id);
  give<ChoiceScores>(std::move(came), request.patience, std::move(done));
}

Model replayed(const std::shared_ptr<const Answers>& answers, ReplayOptions::Pace pace) {
  const auto model = std::make_shared<ReplayModel>(answers, pace);
  return {.info = answers->info(), .classifier = nullptr, .generator = model, .scorer = model};
}

}  // namespace slm::replay
