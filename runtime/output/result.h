#pragma once

#include <cstdint>
#include <memory>

#include "graph/message.h"
#include "runtime/input/source.h"

namespace slm::runtime {

/// How one item of input ended.
struct Result {
  std::uint64_t sequence = 0;  ///< position in the output where that is ordered, from zero without gaps
  InputItem item;
  Outcome outcome;
};

using ResultPtr = std::unique_ptr<Result>;

}  // namespace slm::runtime
