#include "nodes/redaction/placeholders.h"

#include <algorithm>

#include "nodes/redaction/characters.h"

namespace slm::redaction {
namespace {

constexpr bool is_joint(char c) {
  return c == '_' || c == ' ' || c == '-' || c == '\\';
}

}  // namespace

std::string canonical(std::string_view word) {
  std::string result;
  for (const char c : word) {
    if (!is_joint(c))
      result += upper(c);
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  if (result.ends_with('_')) result.pop_back();
  return result;
}

std::string_view bracketed(std::string_view text, std::size_t bracket) {
  std::size_t end = bracket + 1;
  while (end < text.size() && (is_word(text[end]) || is_joint(text[end]))) ++end;
  return end < text.size() && text[end] == ']' ? text.substr(bracket + 1, end - bracket - 1)
                                               : std::string_view{};
}

Placeholders::Placeholders(std::span<const KeptValue> values) {
  by_word_.reserve(values.size());
  for (const auto& [placeholder, value] : values) by_word_.emplace(inner(placeholder), value);
}

std::vector<Replacement> Placeholders::find(std::string_view piece, bool is_whole) const {
  std::vector<Replacement> found;
  for (std::size_t at = 0; at < piece.size();) {
    if (piece[at] == '[') {
      const std::size_t end = at + bracketed(piece, at).size() + 2;
      const auto kept = by_word_.find(canonical(bracketed(piece, at)));
      if (kept != by_word_.end()) found.push_back({{at, end}, kept->second});
      at = kept != by_word_.end() ? end : at + 1;
      continue;
    }
    std::size_t end = at;
    while (end < piece.size() && is_word(piece[end])) ++end;
    const std::string_view word = piece.substr(at, end - at);
    const auto kept = by_word_.find(word);
    const bool may_be_cut_off = !is_whole && end == piece.size();
    if (kept != by_word_.end() && !(may_be_cut_off && begins_another(word)))
      found.push_back({{at, end}, kept->second});
    at = std::max(end, at + 1);
  }
  return found;
}

/// Whether another placeholder may have been meant, of which an answer that was cut off shows the beginning.
bool Placeholders::begins_another(std::string_view word) const {
  return std::ranges::any_of(by_word_, [&](const auto& other) {
    return other.first.size() > word.size() && other.first.starts_with(word);
  });
}

}  // namespace slm::redaction
