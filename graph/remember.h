#pragma once

#include <cstddef>

#include "graph/node.h"

namespace slm {

/// The same node, which leaves a copy of its answer in `Message::remembered` under `number`.
AnyNode remembering(AnyNode node, std::size_t number);

}  // namespace slm
