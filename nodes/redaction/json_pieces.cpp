#include "nodes/redaction/json_pieces.h"

#include <nlohmann/json.hpp>
#include <optional>

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

/// Empty where nothing is replaced.
std::optional<std::string> rewritten(std::string_view piece, bool is_whole, const Rewrite& rewrite) {
  const std::vector<Replacement> replacements = rewrite(piece, is_whole);
  if (replacements.empty()) return std::nullopt;
  std::string result;
  std::size_t copied = 0;
  for (const auto& [span, text] : replacements) {
    result.append(piece.substr(copied, span.begin - copied)).append(text);
    copied = span.end;
  }
  return result.append(piece.substr(copied));
}

std::optional<std::string> rewritten_value(std::string_view value, const Rewrite& rewrite) {
  if (value.front() != '"') return rewritten(value, true, rewrite);
  if (value.find('\\') == std::string_view::npos)
    return rewritten(value.substr(1, value.size() - 2), true, rewrite);
  return rewritten(Json::parse(value).get<std::string>(), true, rewrite);
}

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string rewritten_json(std::string_view json, const Rewrite& rewrite) {
  constexpr std::string_view kFirstOfValues = "\"-0123456789";
  std::string result;
  std::size_t copied = 0;
  for (std::size_t at = json.find_first_of(kFirstOfValues); at != std::string_view::npos;
       at = json.find_first_of(kFirstOfValues, at)) {
    const std::string_view value = json.substr(at, end_of_value(json, at) - at);
    if (const auto changed = rewritten_value(value, rewrite)) {
      result.append(json.substr(copied, at - copied)).append(quoted(*changed));
      copied = at + value.size();
    }
    at += value.size();
  }
  return result.append(json.substr(copied));
}

}  // namespace

void rewrite_pieces(std::string& text, const Rewrite& rewrite) {
  if (is_json(text))
    text = rewritten_json(text, rewrite);
  else if (auto changed = rewritten(text, false, rewrite))
    text = *std::move(changed);
}

}  // namespace slm::redaction
