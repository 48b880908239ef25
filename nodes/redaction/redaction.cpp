#include "nodes/redaction/redaction.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "nodes/redaction/json_pieces.h"
#include "nodes/redaction/placeholder.h"

namespace slm::redaction {
namespace {

std::string value_key(std::string_view name, std::string_view value) {
  return std::string{name}.append(1, ' ').append(value);
}

/// In whatever case; `capitals` has no small letters.
bool ends_in(std::string_view text, std::string_view capitals) {
  return text.size() >= capitals.size() &&
         std::ranges::equal(text.substr(text.size() - capitals.size()), capitals, {}, upper);
}

}  // namespace

Redaction::Redaction(std::span<const Matcher> matchers, const Message& message)
    : matchers_{matchers}, kept_before_{message.kept_values}, numbers_(matchers.size(), 0) {
  avoid(message.request.text);
  avoid(message.answer.text);
  for (const auto& [name, value] : message.request.fields) avoid(value);
  for (const auto& [node, answer] : message.remembered) avoid(answer.text);
  if (!kept_before_) return;
  for (const auto& [placeholder, value] : *kept_before_) {
    avoid(value);
    taken_.emplace(inner(placeholder));
    by_value_.emplace(value_key(name_of(inner(placeholder)), value), placeholder);
  }
}

void Redaction::avoid(std::string text) {
  rewrite_pieces(text, [&](std::string_view piece, bool) {
    avoid_words_of(piece);
    return std::nullopt;
  });
}

/// Also those within longer words and numbers: where a value is taken out beside them, they may stand alone.
void Redaction::avoid_words_of(std::string_view text) {
  constexpr std::size_t kMostDigits = 19;  // more than are ever given
  for (auto at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    for (const Matcher& matcher : matchers_) {
      if (!ends_in(text.substr(0, at), matcher.name)) continue;
      std::string word = matcher.name + '_';
      for (std::size_t digit = at + 1; digit < text.size() && is_digit(text[digit]); ++digit) {
        if (digit - at > kMostDigits) break;
        taken_.insert(word += text[digit]);
      }
    }
  }
}

void Redaction::apply(std::string& text) {
  rewrite_pieces(text, [&](std::string_view piece, bool) { return redacted(piece); });
}

std::shared_ptr<const std::vector<KeptValue>> Redaction::kept() && {
  if (kept_.empty()) return kept_before_;
  if (kept_before_) kept_.insert(kept_.begin(), kept_before_->begin(), kept_before_->end());
  return std::make_shared<const std::vector<KeptValue>>(std::move(kept_));
}

/// Placeholders from before stay whole, whatever a pattern finds in them.
void Redaction::cover_placeholders(std::string_view text, std::vector<bool>& is_covered) const {
  if (!kept_before_) return;
  each_placeholder_word(text, [&](Span word) {
    if (!has_brackets(text, word)) return;
    const std::string_view placeholder = text.substr(word.begin - 1, word.end - word.begin + 2);
    if (std::ranges::find(*kept_before_, placeholder, &KeptValue::placeholder) == kept_before_->end()) return;
    for (std::size_t at = word.begin - 1; at <= word.end; ++at) is_covered[at] = true;
  });
}

std::vector<Redaction::Match> Redaction::matches_in(std::string_view text) const {
  std::vector<Match> found;
  for (std::size_t matcher = 0; matcher < matchers_.size(); ++matcher)
    for (const Span span : matchers_[matcher].find(text)) found.push_back({span, matcher});
  if (found.empty()) return found;
  std::ranges::sort(found, {}, [](const Match& match) {
    return std::tuple{-static_cast<std::ptrdiff_t>(match.span.end - match.span.begin), match.matcher,
                      match.span.begin};
  });
  std::vector<bool> is_covered(text.size(), false);
  cover_placeholders(text, is_covered);
  std::erase_if(found, [&](const Match& match) {
    const auto begin = is_covered.begin() + static_cast<std::ptrdiff_t>(match.span.begin);
    const auto end = is_covered.begin() + static_cast<std::ptrdiff_t>(match.span.end);
    if (std::find(begin, end, true) != end) return true;
    std::fill(begin, end, true);
    return false;
  });
  std::ranges::sort(found, {}, [](const Match& match) { return match.span.begin; });
  return found;
}

std::optional<std::string> Redaction::redacted(std::string_view text) {
  const std::vector<Match> matches = matches_in(text);
  if (matches.empty()) return std::nullopt;
  std::string result;
  std::size_t copied = 0;
  for (const auto& [span, matcher] : matches) {
    result.append(text.substr(copied, span.begin - copied));
    result.append(placeholder_for(matcher, text.substr(span.begin, span.end - span.begin)));
    copied = span.end;
  }
  return result.append(text.substr(copied));
}

const std::string& Redaction::placeholder_for(std::size_t matcher, std::string_view value) {
  const std::string& name = matchers_[matcher].name;
  std::string& placeholder = by_value_[value_key(name, value)];
  if (!placeholder.empty()) return placeholder;
  std::string word;
  do {
    word = name + '_' + std::to_string(++numbers_[matcher]);
  } while (taken_.contains(word));
  placeholder = '[' + word + ']';
  kept_.push_back({placeholder, std::string{value}});
  return placeholder;
}

}  // namespace slm::redaction
