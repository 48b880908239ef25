#include "runtime/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slm::runtime {

void append_json_text(std::string& json, std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::ranges::all_of(text, is_plain)) {
    json += '"';
    json.append(text) += '"';
  } else {
    json += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace slm::runtime
