#include "nodes/redaction/json_pieces.h"

#include <nlohmann/json.hpp>

namespace slm::redaction {
namespace {

using Json = nlohmann::json;

bool is_json(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  return (text[first] == '{' || text[first] == '[' || text[first] == '"') && Json::accept(text);
}

/// The end of the string or number that begins here, in a text that is JSON.
std::size_t end_of_value(std::string_view json, std::size_t begin) {
  if (json[begin] != '"') {
    const std::size_t end = json.find_first_not_of("+-.0123456789eE", begin);
    return end == std::string_view::npos ? json.size() : end;
  }
  std::size_t at = begin + 1;
  while (json[at] != '"') at += json[at] == '\\' ? 2U : 1U;
  return at + 1;
}

std::optional<std::string> rewritten(std::string_view value, const Rewrite& rewrite) {
  if (value.front() != '"') return rewrite(value, true);
  if (value.find('\\') == std::string_view::npos) return rewrite(value.substr(1, value.size() - 2), true);
  return rewrite(Json::parse(value).get<std::string>(), true);
}

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool rewrite_json(std::string& json, const Rewrite& rewrite) {
  std::string result;
  std::size_t copied = 0;
  for (std::size_t at = json.find_first_of("\"-0123456789"); at != std::string::npos;
       at = json.find_first_of("\"-0123456789", at)) {
    const std::string_view value = std::string_view{json}.substr(at, end_of_value(json, at) - at);
    if (const auto changed = rewritten(value, rewrite)) {
      result.append(json, copied, at - copied).append(quoted(*changed));
      copied = at + value.size();
    }
    at += value.size();
  }
  if (copied == 0) return false;
  json = result.append(json, copied);
  return true;
}

}  // namespace

bool rewrite_pieces(std::string& text, const Rewrite& rewrite) {
  if (is_json(text)) return rewrite_json(text, rewrite);
  auto changed = rewrite(text, false);
  if (!changed) return false;
  text = *std::move(changed);
  return true;
}

}  // namespace slm::redaction
