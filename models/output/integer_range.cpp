#include "models/output/integer_range.h"

#include <algorithm>
#include <vector>

namespace slm::output {
namespace {

constexpr std::int64_t kLargest = 999'999'999'999'999;

void digit_class(std::string& pattern, char low, char high) {
  pattern += '[';
  pattern += low;
  if (high != low) pattern.append({'-', high});
  pattern += ']';
}

void any_digits(std::string& pattern, std::size_t count) {
  if (count > 0) pattern += " [0-9]{" + std::to_string(count) + "}";
}

/// Patterns of the numbers from low to high, which have equally many digits: those that share their first
/// digits, then the whole range of the next digit in between, and the two ragged ends of it.
void same_length(const std::string& prefix, std::string low, std::string high,
                 std::vector<std::string>& patterns) {
  std::string shared = prefix;
  while (!low.empty() && low.front() == high.front()) {
    digit_class(shared, low.front(), low.front());
    low.erase(0, 1);
    high.erase(0, 1);
  }
  if (low.empty()) {
    patterns.push_back(shared);
    return;
  }
  const std::size_t rest = low.size() - 1;
  const bool low_is_whole = low.find_first_not_of('0', 1) == std::string::npos;
  const bool high_is_whole = high.find_first_not_of('9', 1) == std::string::npos;
  const char first = static_cast<char>(low.front() + (low_is_whole ? 0 : 1));
  const char last = static_cast<char>(high.front() - (high_is_whole ? 0 : 1));
  if (!low_is_whole) same_length(shared, low, low.front() + std::string(rest, '9'), patterns);
  if (first <= last) {
    std::string middle = shared;
    digit_class(middle, first, last);
    any_digits(middle, rest);
    patterns.push_back(middle);
  }
  if (!high_is_whole) same_length(shared, high.front() + std::string(rest, '0'), high, patterns);
}

/// Patterns of numbers that are not negative, one digit count after the other.
void not_negative(const std::string& prefix, std::int64_t low, std::int64_t high,
                  std::vector<std::string>& patterns) {
  while (low <= high) {
    const std::string from = std::to_string(low);
    const std::string to = std::to_string(high);
    const std::string end = from.size() == to.size() ? to : std::string(from.size(), '9');
    same_length(prefix, from, end, patterns);
    low = std::stoll(end) + 1;
  }
}

}  // namespace

std::string integer_range_gbnf(std::optional<std::int64_t> low, std::optional<std::int64_t> high) {
  const std::int64_t from = std::clamp(low.value_or(-kLargest), -kLargest, kLargest);
  const std::int64_t to = std::clamp(high.value_or(kLargest), -kLargest, kLargest);
  if (low.value_or(from) > high.value_or(to)) return {};
  if (!low && !high) return R"("-"? ("0" | [1-9] [0-9]{0,14}))";
  if (low == 0 && !high) return R"("0" | [1-9] [0-9]{0,14})";
  std::vector<std::string> patterns;
  if (from < 0) not_negative("\"-\" ", std::max<std::int64_t>(-to, 1), -from, patterns);
  if (to >= 0) not_negative("", std::max<std::int64_t>(from, 0), to, patterns);
  std::string gbnf;
  for (const std::string& pattern : patterns) gbnf += (gbnf.empty() ? "" : " | ") + pattern;
  return gbnf;
}

}  // namespace slm::output
