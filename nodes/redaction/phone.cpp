#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

namespace slm::redaction {
namespace {

constexpr std::size_t kMaxGroups = 8, kMaxDigits = 20;

/// Digits that stand together; `span` has their parentheses too.
struct Group {
  std::string_view digits;
  Span span;
  bool is_in_parentheses() const { return span.end - span.begin > digits.size(); }
};

struct Number {
  std::size_t begin = 0;
  bool has_plus = false;
  std::vector<Group> groups;
};

bool starts_with(std::string_view text, std::size_t at, std::string_view what) {
  return text.substr(at, what.size()) == what;
}

std::size_t separator_length(std::string_view text, std::size_t at) {
  for (const std::string_view one : {" ", "-", ".", "/", "\xC2\xA0", "\xE2\x80\x91", "\xE2\x80\xAF"})
    if (starts_with(text, at, one)) return one.size();
  return 0;
}

/// Groups of digits with one separator between them, as many as may belong to one number.
Number number_at(std::string_view text, std::size_t begin) {
  Number number{begin, text[begin] == '+', {}};
  std::size_t at = begin + (number.has_plus ? 1 : 0);
  for (std::size_t digits = 0; number.groups.size() < kMaxGroups && digits < kMaxDigits;) {
    if (!number.groups.empty()) at += separator_length(text, at);
    const bool is_open = starts_with(text, at, "(");
    const std::size_t first = at + (is_open ? 1 : 0);
    std::size_t end = first;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == first || (is_open && !starts_with(text, end, ")"))) break;
    const std::size_t close = end + (is_open ? 1 : 0);
    number.groups.push_back({text.substr(first, end - first), {at, close}});
    digits += end - first;
    at = close;
  }
  return number;
}

bool has_sizes(std::span<const Group> groups, std::initializer_list<std::size_t> sizes) {
  return std::ranges::equal(groups, sizes, {}, [](const Group& group) { return group.digits.size(); });
}

std::string digits_of(std::span<const Group> groups) {
  std::string digits;
  for (const Group& group : groups) digits += group.digits;
  return digits;
}

bool are_long_enough(std::span<const Group> groups) {
  return std::ranges::all_of(groups, [](const Group& group) { return group.digits.size() >= 2; });
}

/// After `+`, or `00`: a country code and what follows it, by E.164.
bool is_international(std::span<const Group> groups, bool has_plus) {
  std::string digits;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool is_trunk_zero = groups[i].is_in_parentheses() && groups[i].digits == "0";
    if (i > 0 && is_trunk_zero) continue;
    if (i > 0 && groups[i].digits.size() < 2) return false;
    digits += groups[i].digits;
  }
  if (!has_plus) {
    if (!digits.starts_with("00")) return false;
    digits.erase(0, 2);
  }
  if (digits.empty() || digits.front() == '0') return false;
  if (digits.front() == '1') return digits.size() == 11;  // North America has no other length
  if (has_plus) return digits.size() >= 8 && digits.size() <= 15;
  // Numbers of other things are filled up with zeros too.
  if (groups.size() == 1) return digits.size() >= 11 && digits.size() <= 14;
  return digits.size() >= 9 && digits.size() <= 15;
}

/// With the zero of an area code before it. Dates begin with groups of two digits, and have no such forms.
bool is_national(std::span<const Group> groups) {
  const std::string_view area = groups.front().digits;
  if (area.size() < 2 || area[0] != '0' || area[1] == '0') return false;
  if (groups.size() == 1) return area.size() == 10 || area.size() == 11;
  if (has_sizes(groups, {2, 2, 2, 2, 2}) || has_sizes(groups, {2, 8}) || has_sizes(groups, {2, 4, 4}))
    return true;
  const std::size_t digits = digits_of(groups).size();
  return area.size() >= 3 && area.size() <= 5 && groups.size() <= 5 && are_long_enough(groups) &&
         digits >= 9 && digits <= 12;
}

/// North American: 3, 3 and 4 digits, the first two groups not beginning with 0 or 1.
bool is_north_american(std::span<const Group> groups) {
  if (groups.size() == 4 && groups.front().digits == "1") groups = groups.subspan(1);
  return has_sizes(groups, {3, 3, 4}) && groups[0].digits[0] >= '2' && groups[1].digits[0] >= '2';
}

bool is_phone(const Number& number, std::size_t count) {
  const auto groups = std::span{number.groups}.first(count);
  const auto is_open = [](const Group& group) { return group.is_in_parentheses(); };
  if (number.has_plus) return is_international(groups, true);
  // Without a country code, only the area stands in parentheses: first, or after a 1.
  if (std::ranges::any_of(groups.subspan(std::min<std::size_t>(2, count)), is_open)) return false;
  if (is_north_american(groups)) return true;
  if (is_international(groups, false)) return true;
  return std::ranges::none_of(groups.subspan(1), is_open) && is_national(groups);
}

/// Whether the digits go on there as those of a date, a version or an article number do.
bool is_joined(std::string_view text, std::size_t joint, std::size_t digit) {
  return joint < text.size() && digit < text.size() && is_digit(text[digit]) &&
         (text[joint] == '-' || text[joint] == '.' || text[joint] == '/' || text[joint] == '+');
}

bool begins_number(std::string_view text, std::size_t at) {
  return begins_word(text, at) && (at == 0 || text[at - 1] != '+') &&
         (at < 2 || !is_joined(text, at - 1, at - 2));
}

std::size_t end_of_phone(std::string_view text, std::size_t begin) {
  if (!begins_number(text, begin)) return begin;
  const Number number = number_at(text, begin);
  for (std::size_t count = number.groups.size(); count > 0; --count) {
    const std::size_t end = number.groups[count - 1].span.end;
    if (ends_word(text, end) && !is_joined(text, end, end + 1) && is_phone(number, count)) return end;
  }
  return begin;
}

}  // namespace

std::vector<Span> find_phones(std::string_view text) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at]) && text[at] != '+' && text[at] != '(') {
      ++at;
      continue;
    }
    const std::size_t end = end_of_phone(text, at);
    if (end > at) {
      found.push_back({at, end});
      at = end;
      continue;
    }
    const bool is_number = is_digit(text[at]);
    ++at;
    while (is_number && at < text.size() && is_digit(text[at])) ++at;
  }
  return found;
}

}  // namespace slm::redaction
