#pragma once

#include <string>

#include "graph/node.h"
#include "models/generator.h"

namespace slm {

/// Until when, and whether still, an answer is wanted. One that may take hours may be left to a later run
/// where the message was read by this one.
inline Patience patience_of(const Message& message, bool is_batched) {
  Patience patience{message.deadline, message.request.cancelled, {}};
  patience.can_wait = message.request.priority == Priority::batch;
  patience.can_be_put_off = is_batched && message.slot && !message.caller;
  patience.asker = message.trace.back().node;
  return patience;
}

/// How a message ends when its model gave no answer.
inline Exit exit_after(const ModelFailure& failure, Message& message) {
  if (failure.kind == ModelFailure::Kind::put_off) {
    message.is_put_off = true;
    for (const auto& receipt : message.receipts) receipt->keep();
  }
  return failure.kind == ModelFailure::Kind::failed ? Exit::fail(failure.reason)
                                                    : Exit::expire(failure.reason);
}

/// How a private message ends where its model is elsewhere.
inline Exit exit_of_private(const std::string& model) {
  return Exit::fail("the message is private to its process, and model `" + model + "` is not in it");
}

}  // namespace slm
