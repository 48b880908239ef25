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

}  // namespace slm
