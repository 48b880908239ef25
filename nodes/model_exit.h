#pragma once

#include <string>

#include "graph/node.h"
#include "models/generator.h"

namespace slm {

/// How a message ends when its model gave no answer.
inline Exit exit_after(const ModelFailure& failure) {
  return failure.kind == ModelFailure::Kind::failed ? Exit::fail(failure.reason)
                                                    : Exit::expire(failure.reason);
}

/// How a private message ends where its model is elsewhere.
inline Exit exit_of_private(const std::string& model) {
  return Exit::fail("the message is private to its process, and model `" + model + "` is not in it");
}

}  // namespace slm
