#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "nodes/redaction/characters.h"
#include "nodes/redaction/kinds.h"

namespace slm::redaction {
namespace {

constexpr std::size_t kMaxBytes = INET6_ADDRSTRLEN - 1;

constexpr bool is_part(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

bool is_address(int family, std::string_view text, Span span) {
  if (span.end - span.begin > kMaxBytes) return false;
  in6_addr ignored;
  const std::string address{text.substr(span.begin, span.end - span.begin)};
  return inet_pton(family, address.c_str(), &ignored) == 1;
}

/// Without a full stop or colon that belongs to the sentence.
Span trimmed(std::string_view text, Span span) {
  while (span.end > span.begin && text[span.end - 1] == '.') --span.end;
  const auto is_single_colon = [&](std::size_t at, std::size_t beside) {
    return text[at] == ':' && text[beside] != ':';
  };
  if (span.end - span.begin > 2) {
    if (is_single_colon(span.end - 1, span.end - 2)) --span.end;
    if (is_single_colon(span.begin, span.begin + 1)) ++span.begin;
  }
  return span;
}

/// Words of programs such as `a::b` have the form of an address too, but no digit.
bool has_digit(std::string_view text, Span span) {
  for (std::size_t at = span.begin; at < span.end; ++at)
    if (is_digit(text[at])) return true;
  return false;
}

void find_v4(std::string_view text, Span run, std::vector<Span>& found) {
  const std::string_view upto = text.substr(0, run.end);
  for (std::size_t begin = run.begin; begin < run.end;) {
    Span piece{begin, std::min(upto.find(':', begin), run.end)};
    begin = piece.end + 1;
    while (piece.end > piece.begin && text[piece.end - 1] == '.') --piece.end;
    while (piece.end > piece.begin && text[piece.begin] == '.') ++piece.begin;
    const bool stands_alone = begins_word(text, piece.begin) && ends_word(text, piece.end);
    if (stands_alone && is_address(AF_INET, text, piece)) found.push_back(piece);
  }
}

}  // namespace

std::vector<Span> find_ips(std::string_view text) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size();) {
    Span run{at, at};
    while (run.end < text.size() && is_part(text[run.end])) ++run.end;
    at = run.end + 1;
    constexpr std::size_t kShortest = 3;  // `::1`
    if (run.end - run.begin < kShortest) continue;
    const Span v6 = trimmed(text, run);
    if (begins_word(text, v6.begin) && ends_word(text, v6.end) && has_digit(text, v6) &&
        is_address(AF_INET6, text, v6))
      found.push_back(v6);
    else
      find_v4(text, run, found);
  }
  return found;
}

}  // namespace slm::redaction
