#include "nodes/redaction/pattern.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace slm::redaction {
namespace {

std::string refusal_of(const char* expression) {
  try {
    Pattern::parse(expression);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Pattern, FindsEveryMatch) {
  const Pattern pattern = Pattern::parse("C-\\d{3}");
  EXPECT_EQ(pattern.find("C-123, C-12, C-4567"), (std::vector<Span>{{0, 5}, {13, 18}}));
  EXPECT_EQ(pattern.find(""), std::vector<Span>{});
}

TEST(Pattern, SeesWhatStandsAroundAMatch) {
  EXPECT_EQ(Pattern::parse("\\bcat\\b").find("cat cats concat cat"), (std::vector<Span>{{0, 3}, {16, 19}}));
  EXPECT_EQ(Pattern::parse("^a").find("aaa"), (std::vector<Span>{{0, 1}}));
}

TEST(Pattern, ReadsUtf8AndPassesOverOtherBytes) {
  EXPECT_EQ(Pattern::parse("(?i)m[üx]ller").find("MÜLLER"), (std::vector<Span>{{0, 7}}));
  EXPECT_EQ(Pattern::parse("a.").find("a\xFF"
                                      "ab"),
            (std::vector<Span>{{2, 4}}));
  EXPECT_EQ(Pattern::parse("b").find("\xC3\x28\x80"
                                     "b\xFF"),
            (std::vector<Span>{{3, 4}}));
  EXPECT_EQ(Pattern::parse("b").find(std::string("\0b", 2)), (std::vector<Span>{{1, 2}}));
}

TEST(Pattern, TakesLinearTimeForWhatOthersTakeExponentialTime) {
  const std::string text(std::size_t{1} << 20, 'a');
  EXPECT_EQ(Pattern::parse("(a+)+$").find(text).size(), 1U);
  EXPECT_EQ(Pattern::parse("(a|aa)+b").find(text).size(), 0U);
}

TEST(Pattern, IsRefusedWhereRe2DoesNotUnderstandIt) {
  EXPECT_EQ(refusal_of("a(b"), "RE2 refuses `a(b`: missing ): a(b");
  EXPECT_EQ(refusal_of("(?=a)"), "RE2 refuses `(?=a)`: invalid perl operator: (?=");
  EXPECT_EQ(refusal_of("(a)\\1"), "RE2 refuses `(a)\\1`: invalid escape sequence: \\1");
  EXPECT_NE(refusal_of("((a{100}){100}){100}").find("RE2 refuses"), std::string::npos);
  EXPECT_NE(refusal_of("\xFF").find("RE2 refuses"), std::string::npos);
}

class PatternOfNothing : public testing::TestWithParam<const char*> {};

TEST_P(PatternOfNothing, IsRefused) {
  EXPECT_NE(refusal_of(GetParam()).find("can match nothing at all"), std::string::npos) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(All, PatternOfNothing,
                         testing::Values("", "a*", "a?", "a|", "^", "$", "\\b", "\\B", "(?m)^", "(?m)$",
                                         "\\bx*", "a*?", "^a*$", "(?m)^$", "\\b\\b", "(|b)c*", "\\z", "\\A"));

TEST(Pattern, IsTakenWhereSomethingMustStand) {
  for (const char* expression : {"a", "a+", "\\bx", "^a$", ".", "(?s).", "a*b", "(?m)^a|b$"})
    EXPECT_EQ(refusal_of(expression), "") << expression;
}

}  // namespace
}  // namespace slm::redaction
