#include "nodes/gate.h"

#include <algorithm>
#include <cmath>

#include "graph/pipeline.h"
#include "models/model.h"
#include "models/replay/asked.h"
#include "models/text_file.h"
#include "nodes/drift/audit.h"

namespace slm {
namespace {

template <class Rule>
bool holds(const std::optional<Rule>& rule, double bar, const Answer& answer) {
  return rule && *answer.confidence >= bar && (!rule->label || rule->label->text == answer.label);
}

Bars bars_of(const GateOptions& options) {
  Bars bars;
  if (options.reject) bars.reject = options.reject->at_least;
  if (options.accept) bars.accept = options.accept->at_least;
  return bars;
}

std::optional<Signal> signal_of(const ConfidenceOptions& confidence) {
  return confidence.signal ? std::optional{confidence.signal->signal} : std::nullopt;
}

/// What the gate must be like for its state to count.
GateState setting_of(const GateOptions& options) {
  GateState setting;
  const ConfidenceOptions& confidence = options.confidence;
  if (confidence.signal) setting.confidence = to_string(confidence.signal->signal);
  if (confidence.calibration)
    setting.confidence +=
        " calibrated " + std::to_string(replay::hash_of(read_text_file(confidence.calibration->path)));
  setting.written = bars_of(options);
  if (options.drift->max_error) setting.max_error = options.drift->max_error->value;
  return setting;
}

}  // namespace

SignalOption SignalOption::parse(std::string_view text) {
  if (const auto signal = parse_signal(text)) return {*signal};
  throw std::invalid_argument("there is no signal `" + std::string{text} + "`; expected " +
                              std::string{kExpected});
}

Fields<ConfidenceOptions> ConfidenceOptions::fields() {
  return Fields<ConfidenceOptions>{}
      .optional("signal", &ConfidenceOptions::signal,
                "number made of the last model's evidence; the calibration's if left out")
      .optional("calibration", &ConfidenceOptions::calibration,
                "file that turns signals into the probability that the answer is right");
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
      .optional("escalate", &GateOptions::escalate, "all others, and those without evidence")
      .optional(
          "audit", &GateOptions::audit,
          "share of what is accepted or rejected that is escalated all the same, to see whether it was right")
      .optional("drift", &GateOptions::drift, "how the gate watches itself; it does not if left out")
      .optional("certify", &GateOptions::certify,
                "behind a model that learns: what the gate promises, and sets its bar by");
}

std::optional<double> highest_confidence(const ConfidenceOptions& confidence) {
  if (confidence.calibration || !confidence.signal) return 1;
  switch (confidence.signal->signal.kind) {
    case SignalKind::mean_logprob:
    case SignalKind::quantile_logprob:
      return 0;
    case SignalKind::log_odds:
    case SignalKind::length:
      return std::nullopt;
    default:
      return 1;
  }
}

const GateOptions* gate_options(const NodeSpec& node) {
  return node.type->name == "gate" ? static_cast<const GateOptions*>(node.options.get()) : nullptr;
}

GateNode::GateNode(GateOptions options, const NodeContext& context) : options_{std::move(options)} {
  const ConfidenceOptions& confidence = options_.confidence;
  if (confidence.calibration)
    calibration_ = Calibration::load(confidence.calibration->path, {signal_of(confidence), {}});
  if (context.is_trial()) {
    options_.audit.reset();
    options_.drift.reset();
  } else {
    pupils_ = pupils_of(context);
  }
  if (options_.certify)
    certified_bar_ = std::make_unique<CertifiedBar>(
        pupils_of(context).front().learner, *options_.certify, highest_confidence(confidence).value_or(1),
        [this](const Evidence& evidence) { return this->confidence(evidence); });
  if (options_.drift) {
    watch_ = std::make_shared<GateWatch>(context.node_name(), setting_of(options_), *options_.drift,
                                         context.log());
  }
}

std::optional<double> GateNode::confidence(const Evidence& evidence) const {
  return calibration_ ? calibration_->probability(evidence)
                      : evaluate(options_.confidence.signal->signal, evidence);
}

Bars GateNode::bars() const {
  Bars bars = watch_ ? watch_->bars() : bars_of(options_);
  if (certified_bar_) bars.accept = std::max(bars.accept, certified_bar_->value());
  return bars;
}

Way GateNode::way_of(const Answer& answer, const Bars& bars) const {
  if (!answer.confidence) return Way::escalate;
  if (holds(options_.reject, bars.reject, answer)) return Way::reject;
  return holds(options_.accept, bars.accept, answer) ? Way::accept : Way::escalate;
}

/// The message is on its way up: whoever learns from what becomes of it is told.
void GateNode::follow(Message& message, bool is_audited, const Bars& bars) const {
  const auto pupil = std::ranges::find(pupils_, message.answer.tier, &Pupil::model);
  if (pupil == pupils_.end()) return;
  const double rarest = options_.audit && options_.audit->value > 0 ? 1 / options_.audit->value : 1;
  const bool is_closed = std::isinf(std::min(bars.accept, bars.reject));
  message.witnesses.push_back(std::make_shared<LessonWitness>(
      pupil->learner, message, is_audited ? rarest : 1, is_closed ? 1 : rarest));
}

Exit GateNode::process(Message& message) {
  Answer& answer = message.answer;
  answer.confidence = confidence(answer.evidence);
  const Bars bars = this->bars();
  const Way way = way_of(answer, bars);
  if (watch_) watch_->saw(answer.confidence, way);
  const bool is_audit =
      way != Way::escalate && options_.audit && is_audited(message.request, options_.audit->value);
  if (is_audit && watch_) message.witnesses.push_back(std::make_shared<Audit>(watch_, way, answer));
  if (way == Way::escalate || is_audit) {
    follow(message, is_audit, bars);
    return options_.escalate.to;
  }
  return way == Way::reject ? options_.reject->to : options_.accept->to;
}

}  // namespace slm
