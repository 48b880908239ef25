#include "runtime/trials/trial_builder.h"

#include <algorithm>
#include <utility>

namespace slm::runtime {
namespace {

bool allows(const std::optional<PlacedText>& label, const Answer& answer) {
  return !label || label->text == answer.label;
}

Outcome outcome_of(OutcomeKind kind, const Answer& answer) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.answer = answer;
  return outcome;
}

/// Whether the answer that came to a gate is right. One that only rejects decides about a label.
std::optional<bool> is_right_at(const GateOptions& gate, const Answer& answer,
                                const Expectation& expectation) {
  if (gate.accept) return is_right(expectation, outcome_of(OutcomeKind::answered, answer));
  if (expectation.label) return *expectation.label == answer.label;
  if (expectation.empty()) return std::nullopt;
  const bool is_to_be_rejected = expectation.outcome == OutcomeKind::rejected;
  return is_to_be_rejected == allows(gate.reject->label, answer);
}

}  // namespace

TrialBuilder::TrialBuilder(const PipelineSpec& spec, const std::vector<TunableGate>& gates, std::string id,
                           const Expectation& expectation)
    : spec_{spec}, gates_{gates}, expectation_{expectation} {
  trial_.id = std::move(id);
  trial_.expected_label = expectation.label;
}

Onward TrialBuilder::ended(OutcomeKind kind, const Answer& answer, const Usage& usage) {
  trial_.endings.push_back({.kind = kind,
                            .answer = answer.text.empty() ? answer.label : answer.text,
                            .label = answer.label,
                            .tier = answer.tier,
                            .usage = usage,
                            .is_right = is_right(expectation_, outcome_of(kind, answer))});
  return {Onward::Kind::ending, trial_.endings.size() - 1};
}

/// The visit that this step of a run is; new ones get their ways that end at the gate.
Onward TrialBuilder::visited(const TrialRun& run, std::size_t step) {
  const TrialRun::Step& met = run.steps[step];
  const auto [place, is_new] = visits_.try_emplace(
      {run.script.begin(), run.script.begin() + static_cast<std::ptrdiff_t>(step)}, trial_.visits.size());
  const Onward onward{Onward::Kind::visit, place->second};
  if (!is_new) return onward;
  const GateOptions& gate = *gate_options(spec_.nodes[gates_[met.gate].node]);
  Visit visit{.gate = met.gate, .confidence = met.answer.confidence};
  visit.is_allowed = {gate.reject && allows(gate.reject->label, met.answer),
                      gate.accept && allows(gate.accept->label, met.answer), true};
  visit.answer = met.answer;
  visit.is_right = is_right_at(gate, met.answer, expectation_);
  for (std::size_t way = 0; way < kWays; ++way) {
    const Port* port = port_of(gate, static_cast<Way>(way));
    if (port != nullptr && port->to.empty())
      visit.onward[way] = ended(port->when_open, met.answer, met.usage);
  }
  trial_.visits.push_back(std::move(visit));
  return onward;
}

std::vector<std::vector<Way>> TrialBuilder::add(const TrialRun& run) {
  TrialRun whole = run;
  whole.script.clear();
  for (const TrialRun::Step& step : run.steps) whole.script.push_back(step.way);

  std::vector<std::vector<Way>> further;
  std::vector<Onward> met;
  for (std::size_t step = 0; step < run.steps.size(); ++step) {
    const std::size_t before = trial_.visits.size();
    met.push_back(visited(whole, step));
    if (trial_.visits.size() == before) continue;
    const GateOptions& gate = *gate_options(spec_.nodes[gates_[run.steps[step].gate].node]);
    for (std::size_t way = 0; way < kWays; ++way) {
      const Port* port = port_of(gate, static_cast<Way>(way));
      if (port == nullptr || port->to.empty() || static_cast<Way>(way) == run.steps[step].way) continue;
      further.emplace_back(whole.script.begin(), whole.script.begin() + static_cast<std::ptrdiff_t>(step));
      further.back().push_back(static_cast<Way>(way));
    }
  }
  met.push_back(ended(run.outcome.kind, run.outcome.answer, usage_of(run.outcome.trace, spec_)));
  trial_.start = met.front();
  for (std::size_t step = 0; step < run.steps.size(); ++step)
    trial_.visits[met[step].index].onward[static_cast<std::size_t>(run.steps[step].way)] = met[step + 1];
  return further;
}

const Port* port_of(const GateOptions& gate, Way way) {
  if (way == Way::escalate) return &gate.escalate.to;
  if (way == Way::accept) return gate.accept ? &gate.accept->to : nullptr;
  return gate.reject ? &gate.reject->to : nullptr;
}

Usage usage_of(const std::vector<Hop>& trace, const PipelineSpec& spec) {
  Usage usage;
  for (const Hop& hop : trace) {
    const NodeSpec* node = spec.node(hop.node);
    if (node != nullptr && !node->models.empty()) ++usage.calls;
    usage.prompt_tokens += hop.prompt_tokens;
    usage.generated_tokens += hop.generated_tokens;
    usage.cost += hop.cost;
    usage.energy_j += hop.energy_j;
    usage.time += hop.recorded.value_or(std::max(hop.left - hop.entered, Clock::duration::zero()));
  }
  return usage;
}

}  // namespace slm::runtime
