#include "nodes/classify.h"

#include <algorithm>

#include "nodes/charge.h"
#include "nodes/model_resource.h"
#include "nodes/on_failure.h"
#include "nodes/openai_batch.h"
#include "nodes/question.h"
#include "nodes/retry.h"

namespace slm {
namespace {

constexpr const char* kName = "classify";

struct ClassifyOptions {
  ModelRef model;
  std::optional<PromptTemplate> prompt;
  std::optional<ChatOptions> chat;  ///< one of the two, or neither
  std::vector<std::string> choices;
  std::optional<RetryOptions> retry;
  Port to{.when_open = OutcomeKind::answered};
  std::optional<OnFailure> on_failure;

  static Fields<ClassifyOptions> fields() {
    return Fields<ClassifyOptions>{}
        .required("model", &ClassifyOptions::model, "model that labels")
        .optional("prompt", &ClassifyOptions::prompt,
                  "what the model is shown; the request's text if left out")
        .optional("chat", &ClassifyOptions::chat,
                  "in place of `prompt`: what a language model is told in its own form of conversation")
        .optional("choices", &ClassifyOptions::choices,
                  "labels that a language model chooses from, as it would write them")
        .optional("retry", &ClassifyOptions::retry,
                  "which failures of a language model are followed by another try")
        .optional("to", &ClassifyOptions::to, "next node; left out, the message is answered")
        .optional("on_failure", &ClassifyOptions::on_failure, OnFailure::kDoc);
  }
};

void take_label(Answer& answer, const std::string& tier, std::string label) {
  answer.evidence = {};
  if (!answer.label.empty()) answer.evidence.agreement = answer.label == label;
  answer.label = std::move(label);
  answer.tier = tier;
  answer.confidence.reset();
}

void take_labels(Answer& answer, const std::string& tier, LabelEvidence labels) {
  const auto best = std::max_element(labels.probabilities.begin(), labels.probabilities.end());
  take_label(answer, tier, (*labels.names)[static_cast<std::size_t>(best - labels.probabilities.begin())]);
  answer.evidence.labels = std::move(labels);
}

/// By a model that answers at once, with labels of its own.
class ClassifierNode : public Node {
 public:
  ClassifierNode(ClassifyOptions options, std::shared_ptr<Classifier> classifier, ModelRates rates)
      : options_{std::move(options)}, classifier_{std::move(classifier)}, rates_{rates} {}

  Exit process(Message& message) override {
    if (!classifier_->has_evidence()) {
      take_label(message.answer, options_.model.name, classifier_->labels()->front());
      return options_.to;
    }
    LabelEvidence labels{classifier_->labels(), std::vector<float>(classifier_->labels()->size())};
    if (!options_.prompt || options_.prompt->is_text_alone()) {
      classifier_->classify(message.request.text, labels.probabilities);
    } else {
      classifier_->classify(options_.prompt->fill(message), labels.probabilities);
    }
    take_labels(message.answer, options_.model.name, std::move(labels));
    charge(message.hop(), rates_, 1, {});
    return options_.to;
  }

 private:
  ClassifyOptions options_;
  std::shared_ptr<Classifier> classifier_;
  ModelRates rates_;
};

/// By a language model that weighs each choice as a continuation of the prompt.
class ChoiceNode : public AsyncNode {
 public:
  ChoiceNode(ClassifyOptions options, const Model& model, const NodeContext& context)
      : options_{std::move(options)},
        is_remote_{model.is_remote},
        subjects_{model.subjects},
        choices_{options_.choices.empty()
                     ? nullptr
                     : std::make_shared<const std::vector<std::string>>(options_.choices)},
        scorer_{model.scorer},
        rates_{context.rates(options_.model.name)},
        failure_exit_{options_.on_failure, context},
        retry_{options_.retry, model.is_batched} {}

  void process(Message& message, Done done) override {
    if (is_remote_ && message.request.privacy == Privacy::local)
      return done(failure_exit_.of_private(options_.model.name, message));
    retry_.ask<ChoiceResult>(
        message,
        [this, id = message.request.id,
         asked = Asking{options_.prompt, options_.chat}.of(message, subjects_)](Patience patience,
                                                                                auto scored) {
          scorer_->score({id, asked.prompt, choices_, std::move(patience), asked.subject, asked.chat},
                         std::move(scored));
        },
        [this, &message, done = std::move(done)](ChoiceResult result, const Spent& spent) {
          done(take(message, std::move(result), spent));
        });
  }

 private:
  Exit take(Message& message, ChoiceResult result, const Spent& spent) const {
    if (const auto* failure = std::get_if<ModelFailure>(&result)) {
      charge(message.hop(), rates_, 0, {}, spent);
      return failure_exit_.after(*failure, message);
    }
    auto& scores = std::get<ChoiceScores>(result);
    message.is_degraded |= scores.is_prompt_cut;
    if (!scores.recorded.is_cached)
      message.hop().prompt_tokens = static_cast<std::uint32_t>(scores.prompt_tokens);
    charge(message.hop(), rates_, 1, scores.recorded, spent);
    message.hop().variant = scores.variant;
    if (scores.chosen) {
      take_label(message.answer, options_.model.name, (*choices_)[*scores.chosen]);
    } else {
      take_labels(message.answer, options_.model.name, std::move(scores.evidence.labels));
    }
    return options_.to;
  }

  ClassifyOptions options_;
  bool is_remote_;
  SubjectUse subjects_;
  std::shared_ptr<const std::vector<std::string>> choices_;
  std::shared_ptr<ChoiceScorer> scorer_;
  ModelRates rates_;
  FailureExit failure_exit_;
  Retry retry_;
};

AnyNode make(const std::shared_ptr<void>& untyped, const NodeContext& context) {
  const auto& options = *std::static_pointer_cast<ClassifyOptions>(untyped);
  const Model& model = opened_model(context, options.model);
  const ModelRates rates = context.rates(options.model.name);
  if (model.classifier) return std::unique_ptr<Node>{new ClassifierNode{options, model.classifier, rates}};
  if (options.chat) require("chat", model, model.no_chat);
  return std::unique_ptr<AsyncNode>{new ChoiceNode{options, model, context}};
}

void check(const ClassifyOptions& options, CheckContext& context) {
  RetryOptions::check(options.retry, context);
  const ModelSpec* model = context.pipeline().model(options.model.name);
  if (!model) return;
  Asking{options.prompt, options.chat}.check(options.model.name, context);
  check_time_for_batches(options.model, context);
  const std::string name = "model `" + model->name + "`";
  const std::optional<bool> has_labels = has_own_labels(*model);
  if (!has_labels) return;
  if (*has_labels && options.chat)
    context.problem(context.node().place, "`chat` of node `" + context.node().name + "`: " + name +
                                              " labels texts; expected no `chat`");
  if (learning_of(*model) && options.prompt && !options.prompt->is_text_alone())
    context.problem(context.node().place, "`prompt` of node `" + context.node().name + "`: " + name +
                                              " learns from requests as they are; expected no `prompt`");
  if (*has_labels) {
    if (!options.choices.empty())
      context.problem(context.node().place, "`choices` of node `" + context.node().name + "`: " + name +
                                                " has labels of its own; expected no `choices`");
    return;
  }
  std::vector<std::string> distinct = options.choices;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const bool has_empty = !distinct.empty() && distinct.front().empty();
  if (distinct.size() < 2 || distinct.size() < options.choices.size() || has_empty)
    context.problem(context.node().place,
                    "`choices` of node `" + context.node().name + "`: " + name +
                        " has no labels of its own; expected at least two different choices");
}

}  // namespace

std::optional<std::vector<std::string>> labels_given_by(const NodeSpec& node, const PipelineSpec& pipeline) {
  if (node.type->name != kName) return std::nullopt;
  const auto& options = *static_cast<const ClassifyOptions*>(node.options.get());
  const ModelSpec* model = pipeline.model(options.model.name);
  if (!model) return std::vector<std::string>{};
  if (has_own_labels(*model) == false) return options.choices;
  try {
    return labels_of(*model);
  } catch (const ModelError&) {
    return std::vector<std::string>{};
  }
}

bool classify_retries(const NodeSpec& node) {
  return node.type->name == kName && static_cast<const ClassifyOptions*>(node.options.get())->retry;
}

NodeType classify_node() {
  NodeType type{kName, "labels a message", ClassifyOptions::fields().list()};
  type.make_options = [] { return std::make_shared<ClassifyOptions>(); };
  type.make_node = make;
  type.check = [](const void* options, CheckContext& context) {
    check(*static_cast<const ClassifyOptions*>(options), context);
  };
  type.gives = [](const void* options, const PipelineSpec& pipeline) -> std::vector<SignalKind> {
    const ModelSpec* model = pipeline.model(static_cast<const ClassifyOptions*>(options)->model.name);
    if (model && !shows_probabilities(*model)) return {SignalKind::agreement};
    return {SignalKind::max_prob, SignalKind::log_odds, SignalKind::margin, SignalKind::entropy,
            SignalKind::agreement};
  };
  type.asks = [](const void* untyped) {
    const auto& options = *static_cast<const ClassifyOptions*>(untyped);
    std::string text = Asking{options.prompt, options.chat}.source();
    for (const std::string& choice : options.choices) text.append(1, '\0').append(choice);
    return text;
  };
  return type;
}

}  // namespace slm
