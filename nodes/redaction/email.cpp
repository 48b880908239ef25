#include <optional>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

namespace slm::redaction {
namespace {

constexpr std::size_t kMaxLocal = 64, kMaxLabel = 63, kMaxAddress = 254;  // RFC 5321

constexpr bool is_local(char c) {
  return is_word(c) || c == '.' || c == '%' || c == '+' || c == '-' || c == '\'';
}

/// First byte of a letter of the Latin, Greek or Cyrillic script in UTF-8. Scripts that are written without
/// spaces are left out: they would draw the sentence before an address into it.
constexpr bool is_wide_letter(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return false;
  const auto lead = static_cast<unsigned char>(text[at]), next = static_cast<unsigned char>(text[at + 1]);
  return lead >= 0xC3 && lead <= 0xD4 && next >= 0x80 && next <= 0xBF;
}

/// Where the part before the `@` begins; `at` itself where there is none.
std::size_t begin_of_local(std::string_view text, std::size_t from, std::size_t at) {
  std::size_t begin = at;
  while (begin > from) {
    if (is_local(text[begin - 1]))
      --begin;
    else if (begin > from + 1 && is_wide_letter(text, begin - 2))
      begin -= 2;
    else
      break;
  }
  while (begin < at && (text[begin] == '.' || text[begin] == '\'' || text[begin] == '-')) ++begin;
  return at - begin > kMaxLocal || (at > begin && text[at - 1] == '.') ? at : begin;
}

struct Label {
  std::size_t end;
  bool may_be_last;
};

std::optional<Label> label_at(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  std::size_t letters = 0;
  bool has_wide = false;
  while (end < text.size() && end - begin <= kMaxLabel) {
    if (is_letter_or_digit(text[end]) || text[end] == '-') {
      letters += is_letter(text[end]) ? 1U : 0U;
      ++end;
    } else if (is_wide_letter(text, end)) {
      has_wide = true;
      end += 2;
    } else {
      break;
    }
  }
  while (end > begin && text[end - 1] == '-') --end;
  if (end == begin || end - begin > kMaxLabel || text[begin] == '-') return std::nullopt;
  const bool is_encoded = text.substr(begin).starts_with("xn--");
  return Label{end, (letters == end - begin && letters >= 2) || has_wide || is_encoded};
}

/// Where the domain after an `@` ends: labels with dots between, of which the last is no number. `begin`
/// where there is none.
std::size_t end_of_domain(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  std::size_t at = begin;
  for (std::size_t labels = 1; at - begin <= kMaxAddress; ++labels) {
    const auto label = label_at(text, at);
    if (!label) break;
    if (labels >= 2 && label->may_be_last) end = label->end;
    if (label->end >= text.size() || text[label->end] != '.') break;
    at = label->end + 1;
  }
  return ends_word(text, end) ? end : begin;
}

}  // namespace

std::vector<Span> find_emails(std::string_view text) {
  std::vector<Span> found;
  std::size_t from = 0;
  for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const std::size_t begin = begin_of_local(text, from, at);
    const std::size_t end = begin < at ? end_of_domain(text, at + 1) : at + 1;
    if (end == at + 1 || end - begin > kMaxAddress) continue;
    found.push_back({begin, end});
    from = end;
  }
  return found;
}

}  // namespace slm::redaction
