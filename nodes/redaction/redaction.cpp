#include "nodes/redaction/redaction.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "nodes/redaction/characters.h"

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

std::span<const KeptValue> kept_in(const Message& message) {
  return message.kept_values ? std::span{*message.kept_values} : std::span<const KeptValue>{};
}

}  // namespace

Redaction::Redaction(std::span<const Matcher> matchers, const Message& message)
    : matchers_{matchers},
      kept_before_{kept_in(message)},
      placeholders_before_{kept_before_},
      numbers_(matchers.size(), 0) {
  avoid(message.request.text);
  avoid(message.answer.text);
  for (const auto& [name, value] : message.request.fields) avoid(value);
  for (const auto& [node, answer] : message.remembered) avoid(answer.text);
  for (const auto& [placeholder, value] : kept_before_) {
    avoid(value);
    const std::string_view word = inner(placeholder);
    taken_.emplace(word);
    by_value_.emplace(value_key(word.substr(0, word.rfind('_')), value), placeholder);
  }
}

void Redaction::avoid(std::string text) {
  rewrite_pieces(text, [&](std::string_view piece, bool) {
    avoid_words_of(piece);
    return std::vector<Replacement>{};
  });
}

/// Also those within longer words and numbers: where a value is taken out beside them, they may stand alone.
void Redaction::avoid_words_of(std::string_view text) {
  for (auto at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1))
    taken_.insert(canonical(bracketed(text, at)));
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
  rewrite_pieces(text, [&](std::string_view piece, bool) { return replacements_in(piece); });
}

std::shared_ptr<const std::vector<KeptValue>> Redaction::kept() && {
  kept_.insert(kept_.begin(), kept_before_.begin(), kept_before_.end());
  return kept_.empty() ? nullptr : std::make_shared<const std::vector<KeptValue>>(std::move(kept_));
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
  // Placeholders from before stay whole, whatever is found in them.
  std::vector<bool> is_covered(text.size(), false);
  for (const auto& [span, value] : placeholders_before_.find(text, true))
    for (std::size_t at = span.begin; at < span.end; ++at) is_covered[at] = true;
  std::vector<Match> taken;
  for (const auto& [span, matcher] : found) {
    bool goes_on = false;
    for (std::size_t at = span.begin; at < span.end; ++at) {
      if (!is_covered[at] && !goes_on) taken.push_back({{at, at}, matcher});
      goes_on = !is_covered[at];
      if (goes_on) taken.back().span.end = at + 1;
      is_covered[at] = true;
    }
  }
  std::ranges::sort(taken, {}, [](const Match& match) { return match.span.begin; });
  return taken;
}

std::vector<Replacement> Redaction::replacements_in(std::string_view text) {
  std::vector<Replacement> replacements;
  for (const auto& [span, matcher] : matches_in(text))
    replacements.push_back({span, placeholder_for(matcher, text.substr(span.begin, span.end - span.begin))});
  return replacements;
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
