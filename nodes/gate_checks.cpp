#include <algorithm>

#include "graph/format/nearest.h"
#include "graph/pipeline.h"
#include "graph/placement.h"
#include "models/model.h"
#include "nodes/calibration_binding.h"
#include "nodes/gate.h"
#include "nodes/generate.h"
#include "nodes/learning/lessons.h"
#include "nodes/upstream_evidence.h"

/// What can be wrong with a gate, as the loader finds it.
namespace slm {
namespace {

/// What a node's evidence can be read by. An argument that is the author's choice stands as an example.
std::vector<Signal> signals_of(const NodeSpec& source, const PipelineSpec& pipeline) {
  std::vector<Signal> signals;
  for (const SignalKind kind : source.type->gives(source.options.get(), pipeline)) {
    if (kind == SignalKind::agreement && !has_peer_before(pipeline, source)) continue;
    signals.push_back(
        {kind, 0.1, kind == SignalKind::self_consistency ? samples_taken_by(source).value_or(0) : 0});
  }
  return signals;
}

/// False where it cannot give the signal, which has been reported.
bool check_source(const Signal& signal, const NodeSpec& source, const std::string& name,
                  CheckContext& context) {
  const std::vector<Signal> given = signals_of(source, context.pipeline());
  const auto serves = [&](const Signal& s) { return s.kind == signal.kind && s.samples == signal.samples; };
  if (std::any_of(given.begin(), given.end(), serves)) return true;
  const std::string node = "node `" + source.name + '`';
  const auto problem = [&](const std::string& what) {
    context.problem(context.node().place, name + what);
    return false;
  };
  if (signal.kind == SignalKind::agreement)
    return problem("but a message can reach " + node +
                   " without an answer to agree with; expected another `" + source.type->name +
                   "` node on every way to it");
  const bool is_sampled = signal.kind == SignalKind::self_consistency;
  if (const std::optional<int> taken = samples_taken_by(source); taken && is_sampled)
    return problem("but " + node + " has " +
                   (*taken == 0 ? "no `samples`" : "`samples: " + std::to_string(*taken) + '`') +
                   "; expected `samples: " + std::to_string(signal.samples) + "` there");
  const bool has_none = std::ranges::all_of(
      given, [](SignalKind kind) { return kind == SignalKind::agreement; }, &Signal::kind);
  if (has_none && !is_sampled)
    return problem("but " + node + " leaves no evidence: its model is not asked for any (`logprobs: false`)");
  std::vector<std::string> names;
  names.reserve(given.size());
  for (const Signal& one : given) names.push_back(to_string(one));
  return problem("which " + node + " cannot give; expected " + one_of("one of", names));
}

/// One problem for each model that cannot give what the gate reads.
void check_signals(const std::vector<Signal>& signals, CheckContext& context) {
  const NodeSpec& gate = context.node();
  const EvidenceSources sources = evidence_sources(context.pipeline(), gate);
  const auto reads = [&](const Signal& signal) {
    return "gate `" + gate.name + "` reads `" + to_string(signal) + "`, ";
  };
  if (sources.has_bare_way)
    return context.problem(gate.place,
                           reads(signals.front()) +
                               "but a message can reach it without having met a model; expected a "
                               "`classify` or `generate` node on every way to it");
  for (const NodeSpec* source : sources.nodes)
    (void)std::ranges::all_of(
        signals, [&](const Signal& signal) { return check_source(signal, *source, reads(signal), context); });
}

/// A bar that no confidence can miss or reach is a slip, such as 83 for 0.83.
void check_rule(const GateRule& rule, const std::string& key, const ConfidenceOptions& confidence,
                CheckContext& context) {
  const std::optional<double> highest = highest_confidence(confidence);
  const bool is_share = highest == 1;
  if (is_share ? rule.at_least < 0 || rule.at_least > 1 : highest && rule.at_least > *highest)
    context.problem(context.node().place,
                    "`at_least` of `" + key + "` of gate `" + context.node().name +
                        "` cannot be met or missed; expected " +
                        (is_share ? "a number from 0 to 1" : "a log-probability, which is at most 0"));
  if (rule.label) check_label(rule.label->text, rule.label->place, context);
}

std::optional<Signal> signal_of(const ConfidenceOptions& confidence) {
  return confidence.signal ? std::optional{confidence.signal->signal} : std::nullopt;
}

void check_confidence(const ConfidenceOptions& confidence, CheckContext& context) {
  const NodeSpec& gate = context.node();
  if (!confidence.calibration) {
    if (!confidence.signal)
      return context.problem(gate.place,
                             "`confidence` of gate `" + gate.name +
                                 "` has neither `signal` nor `calibration`; expected one of them");
    if (confidence.signal->signal.kind == SignalKind::length)
      context.problem(gate.place, "gate `" + gate.name +
                                      "` reads `length`, which alone says nothing of certainty; expected "
                                      "another signal, or a `calibration`");
    return check_signals({confidence.signal->signal}, context);
  }
  try {
    const auto bindings = [&] { return calibration_bindings(context.pipeline(), gate); };
    const Calibration calibration =
        Calibration::load(confidence.calibration->path, {signal_of(confidence), bindings});
    check_signals(calibration.signals, context);
  } catch (const ModelError& error) {
    context.problem(confidence.calibration->place,
                    "`calibration` of gate `" + gate.name + "`: " + error.what());
    if (confidence.signal) check_signals({confidence.signal->signal}, context);
  }
}

void check_watch(const GateOptions& options, CheckContext& context) {
  const NodeSpec& gate = context.node();
  const auto problem = [&](const std::string& what) {
    context.problem(gate.place, "gate `" + gate.name + "` " + what);
  };
  const bool is_audited = options.audit && options.audit->value > 0;
  if (is_audited && options.escalate.to.to.empty())
    problem(
        "has `audit`, but nothing follows on `escalate` that could tell whether it was right; expected a "
        "node");
  if (is_audited && !options.drift && learning_models_before(context.pipeline(), gate).empty())
    problem("has `audit`, but nobody reads it; expected `drift` too");
  if ((is_audited || options.drift) &&
      is_in_fork(context.pipeline(), static_cast<std::size_t>(&gate - context.pipeline().nodes.data())))
    problem("watches itself in a branch of a fork, where the join has the last word; expected it outside");
  if (!options.drift || !options.drift->max_error) return;
  const double most = options.drift->max_error->value;
  if (!is_audited)
    problem("has `max_error`, but no `audit` to see errors by; expected one such as `audit: 1%`");
  if (most <= 0 || most >= 1)
    problem("has a `max_error` that cannot be tested; expected more than 0% and less than 100%");
}

/// Only what a gate reads of the model itself goes on meaning the same while that learns.
void check_learning(const GateOptions& options, CheckContext& context) {
  const NodeSpec& gate = context.node();
  const auto problem = [&](const std::string& what) {
    context.problem(gate.place, "gate `" + gate.name + "` " + what);
  };
  const EvidenceSources sources = evidence_sources(context.pipeline(), gate);
  const std::vector<std::string> learning = learning_models_before(context.pipeline(), gate);
  if (learning.empty()) {
    if (options.certify)
      problem("has `certify`, but no model before it learns; expected a model with `learn`, or `tune`");
    return;
  }
  const std::string model = "model `" + learning.front() + "`";
  if (options.confidence.calibration)
    problem("has a `calibration`, but " + model +
            " learns, and it would soon be out of date; expected a `signal`");
  if (options.drift)
    problem("has `drift`, but " + model +
            " learns, and its confidences change by themselves; expected `certify`");
  for (const NodeSpec* source : sources.nodes)
    if (source->process != gate.process)
      problem("is in another process than node `" + source->name +
              "`, whose model learns; expected the same");
  if (options.escalate.to.to.empty())
    problem("has nothing on `escalate` that " + model + " could learn from; expected a node");
  if (!options.certify) return;
  if (sources.nodes.size() != 1)
    problem("has `certify`, but other models come before it than " + model + "; expected it alone");
  if (!options.audit || options.audit->value <= 0)
    problem("has `certify`, but no `audit` to see errors by; expected one such as `audit: 5%`");
  if (!highest_confidence(options.confidence))
    problem("has `certify`, but its signal has no highest value; expected another, such as `max_prob`");
  if (!options.accept || options.accept->label || options.reject)
    problem(
        "has `certify`, which sets the bar of `accept` alone; expected `accept` without `label`, and no "
        "`reject`");
}

}  // namespace

void GateNode::check(const GateOptions& options, CheckContext& context) {
  check_confidence(options.confidence, context);
  if (!options.accept && !options.reject)
    context.problem(context.node().place, "gate `" + context.node().name +
                                              "` lets nothing through; expected `accept`, `reject` or both");
  if (options.accept) check_rule(*options.accept, "accept", options.confidence, context);
  if (options.reject) check_rule(*options.reject, "reject", options.confidence, context);
  check_watch(options, context);
  check_learning(options, context);
}

}  // namespace slm
