#include "nodes/redact.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/nodes/no_models.h"

namespace slm {
namespace {

using redaction::ValueKind;

RedactOptions kinds(std::vector<ValueKind> kinds) {
  RedactOptions options;
  options.kinds = std::move(kinds);
  return options;
}

RedactOptions patterns(const std::vector<std::pair<std::string, std::string>>& expressions) {
  RedactOptions options;
  for (const auto& [name, expression] : expressions)
    options.patterns.emplace_back(name, redaction::Pattern::parse(expression));
  return options;
}

Message redacted(const RedactOptions& options, Message message) {
  RedactNode{options, NoModels{}}.process(message);
  return message;
}

Message redacted(const RedactOptions& options, const std::string& text) {
  Message message;
  message.request.text = text;
  return redacted(options, std::move(message));
}

std::string text_of(const RedactOptions& options, const std::string& text) {
  return redacted(options, text).request.text;
}

/// `EMAIL_1=a@b.io, …`
std::string kept_in(const Message& message) {
  std::string result;
  if (message.kept_values)
    for (const auto& [placeholder, value] : *message.kept_values)
      result += (result.empty() ? "" : ", ") + placeholder + "=" + value;
  return result;
}

TEST(Redact, KeepsTheValuesAndLeavesPlaceholders) {
  const Message message =
      redacted(kinds({ValueKind::email, ValueKind::phone}), "mail a@b.io or c@d.io, or call +49 30 1234567");
  EXPECT_EQ(message.request.text, "mail [EMAIL_1] or [EMAIL_2], or call [PHONE_1]");
  EXPECT_EQ(kept_in(message), "[EMAIL_1]=a@b.io, [EMAIL_2]=c@d.io, [PHONE_1]=+49 30 1234567");
}

TEST(Redact, LeavesAMessageWithoutValuesAsItIs) {
  const Message message = redacted(kinds({ValueKind::email}), "[hello] \xFF");
  EXPECT_EQ(message.request.text, "[hello] \xFF");
  EXPECT_EQ(message.kept_values, nullptr);
}

TEST(Redact, GivesTheSameValueTheSamePlaceholderInAllTexts) {
  Message message;
  message.request.text = "a@b.io, A@b.io, a@b.io";
  message.request.fields = {{"from", "a@b.io"}, {"to", "c@d.io"}};
  message.answer.text = "I mailed a@b.io";
  const Message found = redacted(kinds({ValueKind::email}), message);
  EXPECT_EQ(found.request.text, "[EMAIL_1], [EMAIL_2], [EMAIL_1]");
  EXPECT_EQ(found.answer.text, "I mailed [EMAIL_1]") << "what an earlier tier said goes along";
  EXPECT_EQ(found.request.fields.at("from"), "[EMAIL_1]");
  EXPECT_EQ(found.request.fields.at("to"), "[EMAIL_3]");
}

TEST(Redact, LooksThroughTheFieldsThatAreNamed) {
  Message message;
  message.request.fields = {{"from", "a@b.io"}, {"to", "c@d.io"}};
  RedactOptions options = kinds({ValueKind::email});
  options.fields_named = {"to", "missing"};
  EXPECT_EQ(redacted(options, message).request.fields.at("from"), "a@b.io");
  EXPECT_EQ(redacted(options, message).request.fields.at("to"), "[EMAIL_1]");
}

TEST(Redact, MakesNoPlaceholderThatTheMessageHasAlready) {
  Message message;
  message.request.text = "what is [EMAIL_1], email_2 or [Email_3]? a@b.io";
  message.request.fields = {{"note", "EMAIL_4"}};
  message.answer.text = "[EMAIL_5]";
  message.remembered[0].text = "[EMAIL_6]";
  EXPECT_EQ(redacted(kinds({ValueKind::email}), message).request.text,
            "what is [EMAIL_1], email_2 or [Email_3]? [EMAIL_7]");
  EXPECT_EQ(text_of(kinds({ValueKind::email}), "[Email 1] [ EMAIL-2 ] a@b.io"),
            "[Email 1] [ EMAIL-2 ] [EMAIL_3]");
}

TEST(Redact, MakesNoPlaceholderOfWordsThatStandAloneOnceAValueIsGone) {
  RedactOptions options = patterns({{"ticket", "T-1"}, {"digits", "99"}});
  options.kinds = {ValueKind::email};
  EXPECT_EQ(text_of(options, "T-1EMAIL_1 EMAIL_299 a@b.io"), "[TICKET_1]EMAIL_1 EMAIL_2[DIGITS_1] [EMAIL_3]");
  EXPECT_EQ(text_of(options, R"(["EMAIL\u005f1", "a@b.io"])"), R"(["EMAIL\u005f1", "[EMAIL_2]"])");
}

TEST(Redact, NumbersOnWhereItsWordsAreThousands) {
  std::string text;
  for (int i = 1; i <= 50'000; ++i) text += "EMAIL_" + std::to_string(i) + ' ';
  EXPECT_TRUE(text_of(kinds({ValueKind::email}), text + "a@b.io").ends_with(" [EMAIL_50001]"));
}

TEST(Redact, TakesTheLongestOfMatchesThatOverlapAndThenTheRest) {
  EXPECT_EQ(text_of(patterns({{"short", "bc"}, {"long", "bcd"}, {"left", "ab"}}), "abcde"),
            "[LEFT_1][LONG_1]e");
  EXPECT_EQ(text_of(patterns({{"first", "ab"}, {"second", "bc"}}), "abc"), "[FIRST_1][SECOND_1]");
  EXPECT_EQ(text_of(patterns({{"second", "bc"}, {"first", "ab"}}), "abc"), "[FIRST_1][SECOND_1]");
  EXPECT_EQ(text_of(patterns({{"outer", "a.*d"}, {"inner", "b+"}}), "abbd"), "[OUTER_1]");
  EXPECT_EQ(text_of(patterns({{"a", "x+"}, {"b", "x+"}}), "xx"), "[A_1]");
  RedactOptions both = patterns({{"digits", "\\d+"}});
  both.kinds = {ValueKind::phone, ValueKind::iban};
  EXPECT_EQ(text_of(both, "DE89 3704 0044 0532 0130 00 and 17"), "[IBAN_1] and [DIGITS_1]");
}

TEST(Redact, LeavesPlaceholdersFromBeforeWhole) {
  Message message = redacted(kinds({ValueKind::email}), "a@b.io WROTE");
  message = redacted(patterns({{"capitals", "[A-Z]+"}, {"all", "(?s).+"}, {"digit", "\\d"}}), message);
  EXPECT_EQ(message.request.text, "[EMAIL_1][ALL_1]");
  EXPECT_EQ(kept_in(message), "[EMAIL_1]=a@b.io, [ALL_1]= WROTE");
  message.request.text += " c@d.io a@b.io";
  message.answer.text = "[email 1]: EMAIL_1";
  message = redacted(patterns({{"word", "[a-zA-Z]+"}}), redacted(kinds({ValueKind::email}), message));
  EXPECT_EQ(message.request.text, "[EMAIL_1][ALL_1] [EMAIL_2] [EMAIL_1]");
  EXPECT_EQ(message.answer.text, "[email 1]: EMAIL_1") << "as a model may have written them";
}

TEST(Redact, ReadsTheStringsOfJsonAsWhatTheySay) {
  const RedactOptions options = kinds({ValueKind::email, ValueKind::card});
  EXPECT_EQ(text_of(options, R"([{"content": "hi\na@b.io"}, "a\u0040b.io", "x", 1.5e3])"),
            R"([{"content": "hi\n[EMAIL_1]"}, "[EMAIL_1]", "x", 1.5e3])");
  EXPECT_EQ(text_of(options, R"({"a@b.io": 4111111111111111, "n": -1})"),
            R"({"[EMAIL_1]": "[CARD_1]", "n": -1})");
  EXPECT_EQ(text_of(options, "{a@b.io}"), "{[EMAIL_1]}") << "this is not JSON";
  EXPECT_EQ(text_of(options, "\"a@b.io\" \\"), "\"[EMAIL_1]\" \\");
}

TEST(Redact, TakesValuesOutOfBytesThatAreNotText) {
  EXPECT_EQ(text_of(kinds({ValueKind::email}), std::string("\xFF\0a@b.io\x80\xC3", 10)),
            std::string("\xFF\0[EMAIL_1]\x80\xC3", 13));
}

TEST(Redact, IsFastOnLargeTexts) {
  std::string text;
  for (int i = 0; text.size() < std::size_t{1} << 20; ++i)
    text += "mail user" + std::to_string(i) + "@x.org at 10.0.0.1; ";
  RedactOptions options =
      kinds({ValueKind::email, ValueKind::phone, ValueKind::card, ValueKind::iban, ValueKind::ip});
  options.patterns.emplace_back("ticket", redaction::Pattern::parse("T-\\d+"));
  const auto begin = Clock::now();
  EXPECT_TRUE(text_of(options, text).starts_with("mail [EMAIL_1] at [IP_1]; mail [EMAIL_2] at [IP_1]; "));
  text_of(options, nlohmann::json{{"text", text}}.dump());
  redacted(options, redacted(options, text));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds{20})
      << "far more than it takes, far less than if quadratic";
}

}  // namespace
}  // namespace slm
