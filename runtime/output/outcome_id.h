#pragma once

#include <string_view>

namespace slm::runtime {

/// The id of an outcome, as JSON text, by the line as `outcome_json` begins it; empty where it is none.
std::string_view outcome_id_of(std::string_view line);

}  // namespace slm::runtime
