#include "models/output/gbnf_check.h"

#include <algorithm>
#include <map>
#include <string>

#include "models/model.h"

namespace slm::output {
namespace {

constexpr int kDeepestGroup = 200;
constexpr std::size_t kMostRepetitions = 2000;  // llama.cpp's own limit

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class GbnfChecker {
 public:
  explicit GbnfChecker(std::string_view text) : text_(text) {}

  void check() {
    if (const std::size_t zero = text_.find('\0'); zero != std::string_view::npos)
      refuse(zero, "a zero byte");
    for (skip_space(true); at_ < text_.size(); skip_space(true)) rule();
    for (const auto& [name, place] : used_) {
      if (!defined_.contains(name)) refuse(place, "there is no rule `" + std::string(name) + "`");
    }
    if (!defined_.contains("root")) refuse(0, "there is no rule `root`, where an answer begins");
  }

 private:
  [[noreturn]] void refuse(std::size_t place, const std::string& what) const {
    const std::string_view before = text_.substr(0, place);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw ModelError("grammar:" + std::to_string(line) + ":" + std::to_string(place - line_start + 1) + ": " +
                     what);
  }
  [[noreturn]] void expected(const std::string& what) const {
    refuse(at_,
           "expected " + what +
               (at_ < text_.size() ? ", found `" + std::string(1, text_[at_]) + "`" : ", found the end"));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void require(char c) {
    if (!take(c)) expected(std::string("`") + c + '`');
  }

  void skip_space(bool newlines) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.size(), text_.find_first_of("\r\n", at_));
      } else if (c == ' ' || c == '\t' || (newlines && (c == '\r' || c == '\n'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string_view name() {
    const std::size_t start = at_;
    while (is_word(peek())) ++at_;
    if (at_ == start) expected("a rule's name");
    return text_.substr(start, at_ - start);
  }

  void rule() {
    defined_.emplace(name(), at_);
    skip_space(false);
    for (const char c : std::string_view("::=")) require(c);
    skip_space(true);
    alternatives(0);
    if (at_ < text_.size() && peek() != '\n' && peek() != '\r') expected("the end of the rule");
  }

  void alternatives(int depth) {
    if (depth > kDeepestGroup) refuse(at_, "groups are nested too deeply");
    do {
      skip_space(true);
      while (element(depth)) skip_space(depth > 0);
    } while (take('|'));
  }

  /// One item and what repeats it; false where none begins.
  bool element(int depth) {
    const std::size_t start = at_;
    if (take('"')) {
      while (!take('"')) character();
    } else if (take('[')) {
      take('^');
      if (peek() == ']') refuse(start, "the set of characters is empty");
      while (!take(']')) character();
    } else if (peek() == '<' || peek() == '!') {
      refuse(at_, "tokens as parts of a grammar are not supported");
    } else if (take('(')) {
      skip_space(true);
      alternatives(depth + 1);
      require(')');
    } else if (is_word(peek())) {
      used_.emplace(name(), start);
    } else if (!take('.')) {
      return false;
    }
    skip_space(depth > 0);
    while (repetition()) skip_space(depth > 0);
    return true;
  }

  bool repetition() {
    if (take('*') || take('+') || take('?')) return true;
    const std::size_t start = at_;
    if (!take('{')) return false;
    const std::size_t least = count();
    std::size_t most = least;
    if (take(',')) most = is_digit(peek()) ? count() : kMostRepetitions;
    require('}');
    if (most < least) refuse(start, "the repetition ends before it begins");
    return true;
  }

  std::size_t count() {
    const std::size_t start = at_;
    std::size_t value = 0;
    for (; is_digit(peek()); ++at_) {
      value = value * 10 + static_cast<std::size_t>(peek() - '0');
      if (value > kMostRepetitions)
        refuse(start, "more than " + std::to_string(kMostRepetitions) + " repetitions");
    }
    if (at_ == start) expected("a number");
    return value;
  }

  void character() {
    if (at_ == text_.size()) expected("the end of the text in quotes or brackets");
    if (!take('\\')) {
      ++at_;
      return;
    }
    const char kind = peek();
    if (kind == '\0' || std::string_view("xuUtrn\\\"[]-").find(kind) == std::string_view::npos)
      refuse(at_ - 1, "the escape is unknown; there are \\x \\u \\U \\t \\r \\n \\\\ \\\" \\[ \\] \\-");
    ++at_;
    const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      if (!is_hex(peek())) expected("a hexadecimal digit");
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::map<std::string_view, std::size_t> defined_, used_;
};

}  // namespace

void check_gbnf(std::string_view text) {
  GbnfChecker(text).check();
}

}  // namespace slm::output
