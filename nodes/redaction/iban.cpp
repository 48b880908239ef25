#include <array>
#include <string>
#include <utility>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

namespace slm::redaction {
namespace {

/// Characters by country, from the IBAN registry of ISO 13616.
constexpr std::array kLengths = std::to_array<std::pair<std::string_view, std::size_t>>(
    {{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
     {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
     {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
     {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
     {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
     {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
     {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
     {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
     {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
     {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
     {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
     {"YE", 30}});

std::size_t length_of(char first, char second) {
  for (const auto& [country, length] : kLengths)
    if (country[0] == upper(first) && country[1] == upper(second)) return length;
  return 0;
}

/// ISO 7064, MOD 97-10: with the first four characters at the end and letters as 10 to 35, one remains.
bool holds_checksum(std::string_view iban) {
  int remainder = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    if (is_digit(c))
      remainder = (remainder * 10 + (c - '0')) % 97;
    else
      remainder = (remainder * 100 + (upper(c) - 'A' + 10)) % 97;
  }
  return remainder == 1;
}

/// Groups have one space, no-break space or hyphen between them.
std::size_t separator_length(std::string_view text, std::size_t at) {
  for (const std::string_view one : {" ", "-", "\xC2\xA0"})
    if (text.substr(at).starts_with(one)) return one.size();
  return 0;
}

/// Where the number that begins here ends; `begin` where there is none.
std::size_t end_of_iban(std::string_view text, std::size_t begin) {
  const auto is_at = [&](std::size_t at, auto is) { return at < text.size() && is(text[at]); };
  if (!is_at(begin + 1, is_letter) || !is_at(begin + 2, is_digit) || !is_at(begin + 3, is_digit))
    return begin;
  const std::size_t length = length_of(text[begin], text[begin + 1]);
  std::string iban;
  std::size_t at = begin;
  while (iban.size() < length) {
    if (!iban.empty()) at += separator_length(text, at);
    if (!is_at(at, is_letter_or_digit)) return begin;
    iban += text[at++];
  }
  return length > 0 && ends_word(text, at) && holds_checksum(iban) ? at : begin;
}

}  // namespace

std::vector<Span> find_ibans(std::string_view text) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_letter(text[at]) || !begins_word(text, at)) continue;
    const std::size_t end = end_of_iban(text, at);
    if (end == at) continue;
    found.push_back({at, end});
    at = end - 1;
  }
  return found;
}

}  // namespace slm::redaction
