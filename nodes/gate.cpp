#include "nodes/gate.h"

#include <algorithm>

#include "graph/format/nearest.h"
#include "graph/pipeline.h"
#include "models/model.h"
#include "nodes/upstream_evidence.h"

namespace slm {
namespace {

bool holds(const std::optional<double>& confidence, const Answer& answer, const GateRule& rule) {
  return confidence && *confidence >= rule.at_least && (!rule.label || rule.label->text == answer.label);
}

void check_signal(const Signal& signal, CheckContext& context) {
  const NodeSpec& gate = context.node();
  const EvidenceSources sources = evidence_sources(context.pipeline(), gate);
  const std::string name = "gate `" + gate.name + "` reads `" + to_string(signal) + "`, ";
  if (sources.has_bare_way)
    return context.problem(gate.place,
                           name +
                               "but a message can reach it without having met a model; expected a "
                               "`classify` or `generate` node on every way to it");
  for (const NodeSpec* source : sources.nodes) {
    const std::vector<SignalKind> given = source->type->gives(source->options.get(), context.pipeline());
    if (std::find(given.begin(), given.end(), signal.kind) != given.end()) continue;
    if (given.empty()) {
      context.problem(gate.place,
                      name + "but node `" + source->name +
                          "` leaves no evidence: its model is not asked for any (`logprobs: false`)");
      continue;
    }
    std::vector<std::string> names;
    names.reserve(given.size());
    for (const SignalKind kind : given) names.push_back(to_string(Signal{kind, 0.1}));
    context.problem(gate.place, name + "which node `" + source->name + "` cannot give; expected " +
                                    one_of("one of", names));
  }
}

/// A bar that no confidence can miss or reach is a slip, such as 83 for 0.83.
void check_rule(const GateRule& rule, const std::string& key, const ConfidenceOptions& confidence,
                CheckContext& context) {
  const SignalKind kind = confidence.signal.signal.kind;
  const bool is_logprob = kind == SignalKind::mean_logprob || kind == SignalKind::quantile_logprob;
  const bool is_probability = confidence.calibration || !is_logprob;
  if (is_probability ? rule.at_least < 0 || rule.at_least > 1 : rule.at_least > 0)
    context.problem(context.node().place,
                    "`at_least` of `" + key + "` of gate `" + context.node().name +
                        "` cannot be met or missed; expected " +
                        (is_probability ? "a number from 0 to 1" : "a log-probability, which is at most 0"));
  if (rule.label) check_label(rule.label->text, rule.label->place, context);
}

void check_calibration(const ConfidenceOptions& confidence, CheckContext& context) {
  if (!confidence.calibration) return;
  try {
    Calibration::load(confidence.calibration->path, confidence.signal.signal);
  } catch (const ModelError& error) {
    context.problem(confidence.calibration->place,
                    "`calibration` of gate `" + context.node().name + "`: " + error.what());
  }
}

}  // namespace

SignalOption SignalOption::parse(std::string_view text) {
  if (const auto signal = parse_signal(text)) return {*signal};
  throw std::invalid_argument("there is no signal `" + std::string{text} + "`; expected " +
                              std::string{kExpected});
}

Fields<ConfidenceOptions> ConfidenceOptions::fields() {
  return Fields<ConfidenceOptions>{}
      .required("signal", &ConfidenceOptions::signal, "number made of the last model's evidence")
      .optional("calibration", &ConfidenceOptions::calibration,
                "file that turns the signal into the probability that the answer is right");
}

Fields<AcceptRule> AcceptRule::fields() {
  return Fields<AcceptRule>{}
      .required("at_least", &AcceptRule::at_least, "least confidence")
      .optional("label", &AcceptRule::label, "only messages with this label")
      .optional("to", &AcceptRule::to, "next node; left out, the message is answered");
}

Fields<RejectRule> RejectRule::fields() {
  return Fields<RejectRule>{}
      .required("at_least", &RejectRule::at_least, "least confidence")
      .optional("label", &RejectRule::label, "only messages with this label")
      .optional("to", &RejectRule::to, "next node; left out, the message is rejected");
}

Fields<EscalateRule> EscalateRule::fields() {
  return Fields<EscalateRule>{}.optional("to", &EscalateRule::to,
                                         "next node; left out, the message is abstained");
}

Fields<GateOptions> GateOptions::fields() {
  return Fields<GateOptions>{}
      .required("confidence", &GateOptions::confidence, "what the gate decides by")
      .optional("accept", &GateOptions::accept, "messages that are sure enough")
      .optional("reject", &GateOptions::reject, "messages that are surely not wanted; looked at first")
      .optional("escalate", &GateOptions::escalate, "all others, and those without evidence");
}

GateNode::GateNode(GateOptions options, const NodeContext& /*context*/) : options_{std::move(options)} {
  if (options_.confidence.calibration)
    calibration_ =
        Calibration::load(options_.confidence.calibration->path, options_.confidence.signal.signal);
}

Exit GateNode::process(Message& message) {
  std::optional<double> confidence = evaluate(options_.confidence.signal.signal, message.answer.evidence);
  if (confidence && calibration_) confidence = calibration_->probability(*confidence);
  message.answer.confidence = confidence;
  if (options_.reject && holds(confidence, message.answer, *options_.reject)) return options_.reject->to;
  if (options_.accept && holds(confidence, message.answer, *options_.accept)) return options_.accept->to;
  return options_.escalate.to;
}

void GateNode::check(const GateOptions& options, CheckContext& context) {
  check_signal(options.confidence.signal.signal, context);
  check_calibration(options.confidence, context);
  if (!options.accept && !options.reject)
    context.problem(context.node().place, "gate `" + context.node().name +
                                              "` lets nothing through; expected `accept`, `reject` or both");
  if (options.accept) check_rule(*options.accept, "accept", options.confidence, context);
  if (options.reject) check_rule(*options.reject, "reject", options.confidence, context);
}

}  // namespace slm
