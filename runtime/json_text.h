#pragma once

#include <string>
#include <string_view>

namespace slm::runtime {

/// Appends the text as JSON, in quotes, with what is no UTF-8 replaced.
void append_json_text(std::string& json, std::string_view text);

}  // namespace slm::runtime
