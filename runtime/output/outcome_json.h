#pragma once

#include <optional>
#include <string>

#include "graph/message.h"

namespace slm::runtime {

/// One line of output, without a line feed: always valid UTF-8, whatever the models said. `id_json` is the id
/// as JSON. `is_right` is written where it is known.
std::string outcome_json(const std::string& id_json, const Outcome& outcome,
                         std::optional<bool> is_right = {});

}  // namespace slm::runtime
