#pragma once

#include <string>

#include "graph/message.h"

namespace slm::runtime {

/// One line of output, without a line feed: always valid UTF-8, whatever the models said. `id_json` is the id
/// as JSON.
std::string outcome_json(const std::string& id_json, const Outcome& outcome);

}  // namespace slm::runtime
