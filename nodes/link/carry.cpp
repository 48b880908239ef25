#include "nodes/link/carry.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace slm::link {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::uint64_t microseconds_of(Clock::duration time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration_cast<microseconds>(time).count(), 0));
}

std::vector<std::unique_ptr<wire::FieldT>> fields_of(const std::map<std::string, std::string>& fields) {
  std::vector<std::unique_ptr<wire::FieldT>> result;
  for (const auto& [name, value] : fields) {
    result.push_back(std::make_unique<wire::FieldT>());
    result.back()->name = name;
    result.back()->value = value;
  }
  return result;
}

std::map<std::string, std::string> fields_of(const std::vector<std::unique_ptr<wire::FieldT>>& fields) {
  std::map<std::string, std::string> result;
  for (const auto& field : fields) result.insert_or_assign(field->name, field->value);
  return result;
}

std::unique_ptr<wire::AnswerT> wire_of(const Answer& answer) {
  auto result = std::make_unique<wire::AnswerT>();
  result->label = answer.label;
  result->tier = answer.tier;
  const Evidence& evidence = answer.evidence;
  if (evidence.labels.names) result->label_names = *evidence.labels.names;
  result->label_probabilities = evidence.labels.probabilities;
  result->token_logprobs = evidence.token_logprobs;
  if (evidence.first_token_margin) result->first_token_margin = *evidence.first_token_margin;
  if (evidence.schema_valid) result->schema_valid = *evidence.schema_valid;
  if (answer.confidence) result->confidence = *answer.confidence;
  if (evidence.agreement) result->agreement = *evidence.agreement;
  if (evidence.sample_votes) {
    result->samples = static_cast<std::uint8_t>(evidence.sample_votes->samples);
    result->agreeing = static_cast<std::uint8_t>(evidence.sample_votes->agreeing);
  }
  return result;
}

template <class To, class From>
std::optional<To> optional_of(const From& value) {
  return value.has_value() ? std::optional<To>{*value} : std::nullopt;
}

Answer answer_of(const wire::AnswerT& answer, const Payload& text) {
  if (!answer.label_names.empty() && answer.label_names.size() != answer.label_probabilities.size())
    throw MalformedPacket("an answer has another number of labels than of probabilities");
  if (answer.agreeing > answer.samples)
    throw MalformedPacket("more samples of an answer agree with it than there are");
  Answer result;
  result.text = *text;
  result.label = answer.label;
  result.tier = answer.tier;
  if (!answer.label_names.empty())
    result.evidence.labels.names = std::make_shared<const std::vector<std::string>>(answer.label_names);
  result.evidence.labels.probabilities = answer.label_probabilities;
  result.evidence.token_logprobs = answer.token_logprobs;
  result.evidence.first_token_margin = optional_of<float>(answer.first_token_margin);
  result.evidence.schema_valid = optional_of<bool>(answer.schema_valid);
  result.confidence = optional_of<double>(answer.confidence);
  result.evidence.agreement = optional_of<bool>(answer.agreement);
  if (answer.samples > 0) result.evidence.sample_votes = {answer.samples, answer.agreeing};
  return result;
}

/// Whether they are the same but for what gates and nodes behind made of the evidence.
bool is_same(const Answer& one, const Answer& other) {
  return one.text == other.text && one.label == other.label && one.tier == other.tier;
}

std::unique_ptr<wire::HopT> wire_of(const Hop& hop, const PipelineSpec& spec, Clock::time_point arrived) {
  auto result = std::make_unique<wire::HopT>();
  if (hop.is_link)
    result->process = hop.node;
  else
    result->node = static_cast<std::uint16_t>(spec.node(hop.node) - spec.nodes.data());
  result->entered_us = microseconds_of(hop.entered - arrived);
  result->spent_us = microseconds_of(hop.left - hop.entered);
  result->prompt_tokens = hop.prompt_tokens;
  result->generated_tokens = hop.generated_tokens;
  result->cost = hop.cost;
  result->energy_j = hop.energy_j;
  result->is_cached = hop.is_cached;
  result->nearest = hop.nearest;
  if (hop.variant) result->variant = *hop.variant;
  if (hop.recorded) result->recorded_us = microseconds_of(*hop.recorded);
  return result;
}

/// The name of a process in our own pipeline, which lives as long as it.
std::string_view process_name(const PipelineSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.processes, name, &ProcessSpec::name);
  if (found == spec.processes.end())
    throw MalformedPacket("it speaks of a process `" + name + "` unknown here");
  return found->name;
}

/// Times of the other process are put where ours saw the call begin: clocks of two machines do not agree.
Hop hop_of(const wire::HopT& hop, const PipelineSpec& spec, const NodeTable& nodes, Clock::time_point begin) {
  Hop result;
  result.is_link = !hop.process.empty();
  result.node = result.is_link ? process_name(spec, hop.process) : spec.nodes[nodes.ours(hop.node)].name;
  result.entered = begin + microseconds{hop.entered_us};
  result.left = result.entered + microseconds{hop.spent_us};
  result.prompt_tokens = hop.prompt_tokens;
  result.generated_tokens = hop.generated_tokens;
  result.cost = hop.cost;
  result.energy_j = hop.energy_j;
  result.is_cached = hop.is_cached;
  result.nearest = hop.nearest;
  if (!hop.variant.empty()) result.variant = std::make_shared<const std::string>(hop.variant);
  if (hop.recorded_us.has_value()) result.recorded = microseconds{*hop.recorded_us};
  return result;
}

}  // namespace

NodeTable::NodeTable(const PipelineSpec& spec, const std::vector<std::string>& names) : names_{names} {
  positions_.reserve(names.size());
  for (const std::string& name : names) {
    const NodeSpec* node = spec.node(name);
    positions_.push_back(node != nullptr ? static_cast<std::size_t>(node - spec.nodes.data()) : kUnknown);
  }
}

std::size_t NodeTable::ours(std::uint16_t theirs) const {
  if (theirs >= positions_.size())
    throw MalformedPacket("it speaks of node number " + std::to_string(theirs));
  if (positions_[theirs] == kUnknown)
    throw MalformedPacket("it speaks of node `" + names_[theirs] + "`, which is unknown here");
  return positions_[theirs];
}

std::vector<std::string> node_names(const PipelineSpec& spec) {
  std::vector<std::string> names;
  for (const NodeSpec& node : spec.nodes) names.push_back(node.name);
  return names;
}

CarriedCall call_of(Message& message, std::size_t node, const std::string& process) {
  CarriedCall call;
  call.header.node = static_cast<std::uint16_t>(node);
  if (message.deadline != Clock::time_point::max())
    call.header.remaining_us = std::max<std::uint64_t>(microseconds_of(message.deadline - Clock::now()), 1);
  call.header.request = message.request.id;
  call.header.fields = fields_of(message.request.fields);
  call.header.answer = wire_of(message.answer);
  if (message.caller) call.header.waiting = message.caller->waiting;
  call.header.waiting.push_back(process);
  call.header.is_degraded = message.is_degraded;
  call.header.is_batch = message.request.priority == Priority::batch;
  call.header.tag = message.request.tag;
  call.text = Payload{std::move(message.request.text)};
  call.answer = Payload{message.answer.text};
  return call;
}

void add_unsent(wire::CallT& call, const Message& message, const PipelineSpec& spec) {
  call.is_private = message.request.privacy == Privacy::local;
  for (const auto& [node, answer] : message.remembered)
    if (is_same(answer, message.answer)) call.remembered.push_back(static_cast<std::uint16_t>(node));
  // The last one is the crossing itself, which is made anew.
  for (std::size_t i = 0; i + 1 < message.trace.size(); ++i)
    call.hops.push_back(wire_of(message.trace[i], spec, message.submitted));
}

void take_unsent(Message& message, const wire::CallT& call, const PipelineSpec& spec,
                 const NodeTable& nodes) {
  if (call.is_private) message.request.privacy = Privacy::local;
  for (const auto node : call.remembered) message.remembered.emplace(nodes.ours(node), message.answer);
  for (const auto& hop : call.hops) message.trace.push_back(hop_of(*hop, spec, nodes, Clock::now()));
}

Message message_of(const wire::CallT& call, const Payload& text, const Payload& answer) {
  Message message;
  message.request.id = call.request;
  message.request.text = *text;
  message.request.fields = fields_of(call.fields);
  message.request.tag = call.tag;
  message.answer = answer_of(*call.answer, answer);
  constexpr std::uint64_t kForever = std::uint64_t{1} << 52;  // microseconds; longer would overflow the clock
  if (call.remaining_us > 0 && call.remaining_us < kForever)
    message.deadline = Clock::now() + microseconds{call.remaining_us};
  message.is_degraded = call.is_degraded;
  if (call.is_batch) message.request.priority = Priority::batch;
  message.caller = std::make_shared<RemoteCaller>(RemoteCaller{call.waiting, std::nullopt});
  return message;
}

CarriedReply reply_of(const PipelineSpec& spec, Outcome outcome, const RemoteCaller& caller,
                      Clock::time_point arrived) {
  CarriedReply reply;
  reply.header.ending = static_cast<wire::Ending>(outcome.kind);
  reply.header.reason = std::move(outcome.reason);
  reply.header.answer = wire_of(outcome.answer);
  reply.header.is_degraded = outcome.is_degraded;
  for (const Hop& hop : outcome.trace) reply.header.hops.push_back(wire_of(hop, spec, arrived));
  reply.payloads.emplace_back(std::move(outcome.answer.text));
  if (caller.returned) {
    // The last hop is the node that sent it back, which is visited where it really lives.
    if (!reply.header.hops.empty()) reply.header.hops.pop_back();
    reply.header.ending = wire::Ending::goes_on;
    reply.header.node = static_cast<std::uint16_t>(caller.returned->node);
    reply.header.fields = fields_of(caller.returned->fields);
    reply.payloads.emplace_back(caller.returned->text);
  }
  return reply;
}

void take_reply(Message& message, const PipelineSpec& spec, const std::string& process, CarriedReply reply,
                const Payload& text, const NodeTable& nodes) {
  const wire::ReplyT& header = reply.header;
  Answer answer = answer_of(*header.answer, reply.payloads.front());
  Hop& link = message.hop();
  std::vector<Hop> hops;
  for (const auto& hop : header.hops) hops.push_back(hop_of(*hop, spec, nodes, link.entered));
  const std::string_view name = process_name(spec, process);

  message.answer = std::move(answer);
  message.is_degraded |= header.is_degraded;
  message.request.text = header.ending == wire::Ending::goes_on ? *reply.payloads.back() : *text;
  if (header.ending == wire::Ending::goes_on) message.request.fields = fields_of(header.fields);
  link.node = name;
  link.is_link = true;
  message.trace.insert(message.trace.end() - 1, hops.begin(), hops.end());
}

}  // namespace slm::link
