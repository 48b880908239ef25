#include "nodes/classify.h"

#include <algorithm>

#include "nodes/model_exit.h"
#include "nodes/model_resource.h"
#include "nodes/prompt_template.h"

namespace slm {
namespace {

constexpr const char* kName = "classify";

struct ClassifyOptions {
  ModelRef model;
  PromptTemplate prompt = PromptTemplate::parse("{text}");
  std::vector<std::string> choices;
  Port to{.when_open = OutcomeKind::answered};

  static Fields<ClassifyOptions> fields() {
    return Fields<ClassifyOptions>{}
        .required("model", &ClassifyOptions::model, "model that labels")
        .optional("prompt", &ClassifyOptions::prompt,
                  "what the model is shown; the request's text if left out")
        .optional("choices", &ClassifyOptions::choices,
                  "labels that a language model chooses from, as it would write them")
        .optional("to", &ClassifyOptions::to, "next node; left out, the message is answered");
  }
};

void take_label(Answer& answer, const std::string& tier, std::string label) {
  answer.label = std::move(label);
  answer.tier = tier;
  answer.confidence.reset();
  answer.evidence = {};
}

void take_labels(Answer& answer, const std::string& tier, LabelEvidence labels) {
  const auto best = std::max_element(labels.probabilities.begin(), labels.probabilities.end());
  take_label(answer, tier, (*labels.names)[static_cast<std::size_t>(best - labels.probabilities.begin())]);
  answer.evidence.labels = std::move(labels);
}

/// By a model that answers at once, with labels of its own.
class ClassifierNode : public Node {
 public:
  ClassifierNode(ClassifyOptions options, std::shared_ptr<Classifier> classifier)
      : options_{std::move(options)}, classifier_{std::move(classifier)} {}

  Exit process(Message& message) override {
    LabelEvidence labels{classifier_->labels(), std::vector<float>(classifier_->labels()->size())};
    if (options_.prompt.is_text_alone()) {
      classifier_->classify(message.request.text, labels.probabilities);
    } else {
      classifier_->classify(options_.prompt.fill(message), labels.probabilities);
    }
    take_labels(message.answer, options_.model.name, std::move(labels));
    return options_.to;
  }

 private:
  ClassifyOptions options_;
  std::shared_ptr<Classifier> classifier_;
};

/// By a language model that weighs each choice as a continuation of the prompt.
class ChoiceNode : public AsyncNode {
 public:
  ChoiceNode(ClassifyOptions options, const Model& model)
      : options_{std::move(options)},
        is_remote_{model.is_remote},
        choices_{std::make_shared<const std::vector<std::string>>(options_.choices)},
        scorer_{model.scorer} {}

  void process(Message& message, Done done) override {
    if (is_remote_ && message.request.privacy == Privacy::local)
      return done(exit_of_private(options_.model.name));
    scorer_->score({options_.prompt.fill(message), choices_, {message.deadline, message.request.cancelled}},
                   [this, &message, done = std::move(done)](ChoiceResult result) {
                     done(take(message, std::move(result)));
                   });
  }

 private:
  Exit take(Message& message, ChoiceResult result) const {
    if (const auto* failure = std::get_if<ModelFailure>(&result)) return exit_after(*failure);
    auto& scores = std::get<ChoiceScores>(result);
    message.hop().prompt_tokens = static_cast<std::uint32_t>(scores.prompt_tokens);
    if (scores.chosen) {
      take_label(message.answer, options_.model.name, (*choices_)[*scores.chosen]);
    } else {
      take_labels(message.answer, options_.model.name, std::move(scores.evidence.labels));
    }
    return options_.to;
  }

  ClassifyOptions options_;
  bool is_remote_;
  std::shared_ptr<const std::vector<std::string>> choices_;
  std::shared_ptr<ChoiceScorer> scorer_;
};

AnyNode make(const std::shared_ptr<void>& untyped, const NodeContext& context) {
  const auto& options = *std::static_pointer_cast<ClassifyOptions>(untyped);
  const Model& model = opened_model(context, options.model);
  if (model.classifier) return std::unique_ptr<Node>{new ClassifierNode{options, model.classifier}};
  return std::unique_ptr<AsyncNode>{new ChoiceNode{options, model}};
}

void check(const ClassifyOptions& options, CheckContext& context) {
  const ModelSpec* model = context.pipeline().model(options.model.name);
  if (!model) return;
  const std::string name = "model `" + model->name + "`";
  if (has_own_labels(*model)) {
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
  if (!has_own_labels(*model)) return options.choices;
  try {
    return labels_of(*model);
  } catch (const ModelError&) {
    return std::vector<std::string>{};
  }
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
    const OpenAiOptions* remote = model ? openai_options(*model) : nullptr;
    if (remote && !remote->logprobs) return {};
    return {SignalKind::max_prob, SignalKind::margin, SignalKind::entropy};
  };
  return type;
}

}  // namespace slm
