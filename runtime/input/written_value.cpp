#include "runtime/input/written_value.h"

#include <nlohmann/json.hpp>

namespace slm::runtime {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Behind the text that begins at `begin` with its quote.
std::size_t end_of_text(std::string_view json, std::size_t begin) {
  auto at = begin + 1;
  while (json[at] != '"') at += json[at] == '\\' ? 2U : 1U;
  return at + 1;
}

}  // namespace

std::string written_value(std::string_view object, std::string_view name) {
  std::string_view value;
  int depth = 0;
  for (std::size_t at = 0; at < object.size();) {
    const char c = object[at];
    if (c != '"') {
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
      continue;
    }
    const auto text = object.substr(at, end_of_text(object, at) - at);
    at = object.find_first_not_of(kBlanks, at + text.size());
    const bool is_key = depth == 1 && object[at] == ':';
    // Parsed because letters of a name may be written as \u0069.
    if (!is_key || nlohmann::json::parse(text) != name) continue;
    at = object.find_first_not_of(kBlanks, at + 1);
    const auto end = object.find_first_of(" \t\r\n,}", at);
    value = object.substr(at, end - at);
  }
  return std::string{value};
}

}  // namespace slm::runtime
