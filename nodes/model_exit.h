#pragma once

#include "graph/node.h"
#include "models/generator.h"

namespace slm {

/// How a message ends when its model gave no answer.
inline Exit exit_after(const ModelFailure& failure) {
  return failure.kind == ModelFailure::Kind::failed ? Exit::fail(failure.reason)
                                                    : Exit::expire(failure.reason);
}

}  // namespace slm
