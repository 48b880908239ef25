#include "nodes/link/crossing.h"

#include <algorithm>
#include <utility>

#include "graph/placement.h"
#include "nodes/restore.h"

namespace slm::link {

Crossing::Crossing(const Pipeline& pipeline, std::string process, std::size_t target,
                   std::shared_ptr<LinkClient> client)
    : pipeline_{pipeline},
      process_{std::move(process)},
      target_{target},
      is_durable_{!is_in_fork(pipeline.spec(), target)},
      client_{std::move(client)},
      is_restored_after_{is_restored_after(pipeline.spec(), target)} {}

void Crossing::process(Message& message, Done done) {
  const std::string& there = pipeline_.spec().nodes[target_].process;
  if (message.caller && std::ranges::count(message.caller->waiting, there) > 0)
    return done(send_back(message));
  if (!client_) return done(Exit::fail("process `" + process_ + "` has no link to `" + there + "`"));
  if (message.request.privacy == Privacy::local)  // for it, the other process is out of reach for ever
    return done(without_callee(message, "the message is private to process `" + process_ +
                                            "`, and the node lives in `" + there + "`"));
  call(message, std::move(done));
}

Exit Crossing::send_back(Message& message) const {
  message.caller->returned =
      RemoteCaller::Return{target_, std::move(message.request.text), std::move(message.request.fields)};
  return Exit::as_told(OutcomeKind::answered, {});
}

void Crossing::call(Message& message, Done done) {
  OutgoingCall outgoing;
  outgoing.call = call_of(message, target_, process_);
  outgoing.deadline = message.deadline;
  outgoing.cancelled = message.request.cancelled;
  const OnUnreachable& policy = *pipeline_.spec().nodes[target_].on_unreachable;
  outgoing.waits = policy.action == Unreachable::spool && !policy.answer_from;
  outgoing.on_wait = [&message] { park(message); };
  outgoing.is_durable = is_durable_ && !message.caller;
  if (outgoing.is_durable) add_unsent(outgoing.call.header, message, pipeline_.spec());
  outgoing.kept_values = message.kept_values;
  outgoing.receipts = std::move(message.receipts);
  outgoing.done = [this, &message, text = outgoing.call.text, done = std::move(done)](
                      CallResult result, std::vector<std::shared_ptr<Receipt>> receipts) {
    message.receipts = std::move(receipts);
    done(take(message, std::move(result), text));
  };
  client_->call(std::move(outgoing));
}

Exit Crossing::take(Message& message, CallResult result, const Payload& text) const {
  message.request.text = *text;
  if (const auto* late = std::get_if<GivenUp>(&result)) return Exit::expire(late->reason);
  if (const auto* failed = std::get_if<CallFailed>(&result)) return Exit::fail(failed->reason);
  if (const auto* unreached = std::get_if<OutOfReach>(&result))
    return without_callee(message, unreached->reason);
  auto& returned = std::get<Returned>(result);
  try {
    const wire::Ending ending = returned.reply.header.ending;
    const std::size_t next =
        ending == wire::Ending::goes_on ? returned.nodes->ours(returned.reply.header.node) : 0;
    const std::string reason = returned.reply.header.reason;
    const PipelineSpec& spec = pipeline_.spec();
    take_reply(message, spec, spec.nodes[target_].process, std::move(returned.reply), text, *returned.nodes);
    if (ending == wire::Ending::goes_on) return Exit::by(next);
    if (ending > wire::Ending::failed) return Exit::fail("a reply with an unknown ending");
    return Exit::as_told(static_cast<OutcomeKind>(ending), reason);
  } catch (const MalformedPacket& error) {
    return Exit::fail(std::string{"a reply that cannot be: "} + error.what());
  }
}

Exit Crossing::without_callee(Message& message, const std::string& reason) const {
  const OnUnreachable& policy = *pipeline_.spec().nodes[target_].on_unreachable;
  message.is_degraded = true;
  if (policy.answer_from) {
    const auto source = static_cast<std::size_t>(pipeline_.spec().node(policy.answer_from->name) -
                                                 pipeline_.spec().nodes.data());
    const auto answer = message.remembered.find(source);
    if (answer == message.remembered.end())
      return Exit::abstain(reason + ", and `" + policy.answer_from->name + "` gave no answer");
    message.answer = answer->second;
    // It ends here, and will not come to the node that would have done so.
    if (is_restored_after_) put_values_back(message);
    return Exit::as_told(OutcomeKind::answered, {});
  }
  if (policy.action == Unreachable::abstain) return Exit::abstain(reason);
  return Exit::fail(reason);
}

}  // namespace slm::link
