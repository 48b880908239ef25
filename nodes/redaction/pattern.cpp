#include "nodes/redaction/pattern.h"

#include <re2/re2.h>

#include <stdexcept>
#include <string>

namespace slm::redaction {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);  // they are told to the author instead
  return options;
}

/// Whether it can match without any text. That depends on nothing but the characters on either side, and all
/// that expressions tell apart there is an end of the text, an end of a line, a word and anything else.
bool can_match_nothing(const RE2& expression) {
  for (const std::string before : {"", "\n", "a", " "}) {
    for (const std::string after : {"", "\n", "a", " "}) {
      const std::string text = before + after;
      if (expression.Match(piece(text), before.size(), before.size(), RE2::ANCHOR_BOTH, nullptr, 0))
        return true;
    }
  }
  return false;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(std::string_view text) : expression{piece(text), options()} {}
  RE2 expression;
};

Pattern Pattern::parse(std::string_view expression) {
  Pattern pattern;
  pattern.compiled_ = std::make_shared<const Compiled>(expression);
  const RE2& compiled = pattern.compiled_->expression;
  if (!compiled.ok())
    throw std::invalid_argument("RE2 refuses `" + std::string{expression} + "`: " + compiled.error());
  if (can_match_nothing(compiled))
    throw std::invalid_argument("`" + std::string{expression} +
                                "` can match nothing at all; expected at least one character");
  return pattern;
}

std::vector<Span> Pattern::find(std::string_view text) const {
  std::vector<Span> found;
  re2::StringPiece match;
  for (std::size_t from = 0;
       compiled_->expression.Match(piece(text), from, text.size(), RE2::UNANCHORED, &match, 1);) {
    const auto begin = static_cast<std::size_t>(match.data() - text.data());
    from = begin + match.size();
    if (match.empty() || from > text.size()) break;  // never, by what `parse` checks
    found.push_back({begin, from});
  }
  return found;
}

}  // namespace slm::redaction
