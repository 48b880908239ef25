#pragma once

#include <string>
#include <string_view>

namespace slm::runtime {

/// The number that is member `name` of a JSON object, as it is written there: parsing would lose `1.10`, or
/// the last digits of a long one. `object` must be valid JSON that has such a member; where it stands several
/// times, the last one counts, as in parsing.
std::string written_value(std::string_view object, std::string_view name);

}  // namespace slm::runtime
