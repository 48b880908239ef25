#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

namespace slm::redaction {
namespace {

/// How many digits stand together where a card is written in groups; the common one first.
struct Layout {
  std::array<std::size_t, 5> sizes;
  std::size_t groups;
};
constexpr Layout layout(std::initializer_list<std::size_t> sizes) {
  Layout result{};
  for (const std::size_t size : sizes) result.sizes[result.groups++] = size;
  return result;
}
constexpr std::array kLayouts = {layout({4, 4, 4, 4}),    layout({4, 4, 4, 4, 3}), layout({4, 4, 4, 4, 2}),
                                 layout({4, 4, 4, 4, 1}), layout({6, 13}),         layout({8, 8}),
                                 layout({4, 4, 4, 3}),    layout({4, 6, 5}),       layout({4, 6, 4}),
                                 layout({4, 3, 3, 3})};

/// Lengths that issuers use, by the first digit of the number.
bool is_issued(std::string_view digits) {
  const char first = digits.front();
  switch (digits.size()) {
    case 13:
      return first == '4';
    case 14:
    case 15:
      return first == '3';
    case 16:
      return first >= '2' && first != '7';
    case 17:
    case 18:
    case 19:
      return first >= '2' && first <= '6';
    default:
      return false;
  }
}

/// ISO/IEC 7812-1, annex B: every second digit from the right counts twice, by its digits' sum.
bool holds_luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    const int weighed = i % 2 == 0 ? digit : 2 * digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 == 0;
}

bool is_card(std::string_view digits) {
  return is_issued(digits) && holds_luhn(digits);
}

/// One space, hyphen, full stop or no-break space; empty where digits do not go on behind one.
std::string_view separator(std::string_view text, Span before, Span after) {
  const std::string_view between = text.substr(before.end, after.begin - before.end);
  return between == " " || between == "-" || between == "." || between == "\xC2\xA0" ? between
                                                                                     : std::string_view{};
}

std::vector<Span> digit_groups(std::string_view text) {
  std::vector<Span> groups;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    groups.push_back({begin, at});
  }
  return groups;
}

bool has_layout(std::string_view text, std::span<const Span> groups, const Layout& layout) {
  if (groups.size() < layout.groups) return false;
  const std::string_view between = separator(text, groups[0], groups[1]);
  std::string digits;
  for (std::size_t i = 0; i < layout.groups; ++i) {
    const Span group = groups[i];
    if (group.end - group.begin != layout.sizes[i]) return false;
    if (i > 0 && (between.empty() || separator(text, groups[i - 1], group) != between)) return false;
    digits += text.substr(group.begin, group.end - group.begin);
  }
  return ends_word(text, groups[layout.groups - 1].end) && is_card(digits);
}

/// How many of the groups are a card, counted from the first; 0: none are.
std::size_t groups_of_card(std::string_view text, std::span<const Span> groups) {
  const Span first = groups.front();
  const bool is_fraction =
      first.begin >= 2 && text[first.begin - 1] == '.' && is_digit(text[first.begin - 2]);
  if (!begins_word(text, first.begin)) return 0;
  if (!is_fraction && ends_word(text, first.end) &&
      is_card(text.substr(first.begin, first.end - first.begin)))
    return 1;
  for (const Layout& layout : kLayouts)
    if (has_layout(text, groups, layout)) return layout.groups;
  return 0;
}

}  // namespace

std::vector<Span> find_cards(std::string_view text) {
  std::vector<Span> found;
  const std::vector<Span> groups = digit_groups(text);
  for (std::size_t i = 0; i < groups.size();) {
    const std::size_t count = groups_of_card(text, std::span{groups}.subspan(i));
    if (count > 0) found.push_back({groups[i].begin, groups[i + count - 1].end});
    i += std::max<std::size_t>(count, 1);
  }
  return found;
}

}  // namespace slm::redaction
