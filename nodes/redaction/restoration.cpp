#include "nodes/redaction/restoration.h"

#include <algorithm>

#include "nodes/redaction/json_pieces.h"
#include "nodes/redaction/placeholder.h"

namespace slm::redaction {

Restoration::Restoration(std::span<const KeptValue> values) {
  by_word_.reserve(values.size());
  for (const auto& [placeholder, value] : values) by_word_.emplace(inner(placeholder), value);
}

void Restoration::apply(std::string& text) const {
  rewrite_pieces(text, [&](std::string_view piece, bool is_whole) { return restored(piece, is_whole); });
}

/// Whether another placeholder may have been meant, of which an answer that was cut off shows the beginning.
bool Restoration::begins_another(std::string_view word) const {
  return std::ranges::any_of(by_word_, [&](const auto& other) {
    return other.first.size() > word.size() && other.first.starts_with(word);
  });
}

std::optional<std::string> Restoration::restored(std::string_view text, bool is_whole) const {
  std::optional<std::string> result;
  std::size_t copied = 0;
  each_placeholder_word(text, [&](Span word) {
    const std::string_view found = text.substr(word.begin, word.end - word.begin);
    const auto kept = by_word_.find(in_capitals(found));
    if (kept == by_word_.end()) return;
    const bool is_bracketed = has_brackets(text, word);
    if (!is_bracketed && found != kept->first) return;
    if (!is_bracketed && !is_whole && word.end == text.size() && begins_another(found)) return;
    if (!result) result.emplace();
    const std::size_t bracket = is_bracketed ? 1 : 0;
    result->append(text.substr(copied, word.begin - bracket - copied)).append(kept->second);
    copied = word.end + bracket;
  });
  if (result) result->append(text.substr(copied));
  return result;
}

}  // namespace slm::redaction
