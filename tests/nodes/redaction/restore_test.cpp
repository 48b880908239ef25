#include "nodes/restore.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "nodes/redact.h"
#include "tests/nodes/no_models.h"

namespace slm {
namespace {

using Json = nlohmann::json;

Message with_kept(std::vector<KeptValue> values) {
  Message message;
  message.kept_values = std::make_shared<const std::vector<KeptValue>>(std::move(values));
  return message;
}

std::string restored(Message message, const std::string& answer) {
  message.answer.text = answer;
  RestoreNode{{}, NoModels{}}.process(message);
  return message.answer.text;
}

/// What a model may make of two placeholders, one of them with the number 10.
struct Written {
  const char* answer;
  const char* expected;
};

void PrintTo(const Written& written, std::ostream* out) {
  *out << written.answer;
}

class RestoreAnswers : public testing::TestWithParam<Written> {};

TEST_P(RestoreAnswers, PutsValuesBackWhereThatIsSafe) {
  const Message message =
      with_kept({{"[EMAIL_1]", "a@b.io"}, {"[EMAIL_10]", "j@k.io"}, {"[PHONE_1]", "+49"}});
  EXPECT_EQ(restored(message, GetParam().answer), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, RestoreAnswers,
    testing::Values(Written{"to [EMAIL_1].", "to a@b.io."}, Written{"[EMAIL_1][EMAIL_1]", "a@b.ioa@b.io"},
                    Written{"[PHONE_1], [EMAIL_10], [EMAIL_1]", "+49, j@k.io, a@b.io"},
                    Written{"[email_1] [Email_1]", "a@b.io a@b.io"},
                    Written{"[ EMAIL_1 ], [Email 1], [email-1]", "a@b.io, a@b.io, a@b.io"},
                    Written{"[EMAIL\\_1], [ phone _ 1]", "a@b.io, +49"}, Written{"x[EMAIL_1]y", "xa@b.ioy"},
                    Written{"EMAIL_1, (EMAIL_10) <PHONE_1>", "a@b.io, (j@k.io) <+49>"},
                    Written{"**EMAIL_1**", "**a@b.io**"}, Written{"致EMAIL_1。", "致a@b.io。"},
                    Written{"[EMAIL_1 or EMAIL_1]", "[a@b.io or a@b.io]"}, Written{"[[EMAIL_1]]", "[a@b.io]"},
                    Written{"the last is EMAIL_10", "the last is j@k.io"},
                    // not ours, or not surely
                    Written{"[EMAIL_2] [EMAIL_01] [MAIL_1]", "[EMAIL_2] [EMAIL_01] [MAIL_1]"},
                    Written{"MY_EMAIL_1 EMAIL_1_2 EMAIL_1x", "MY_EMAIL_1 EMAIL_1_2 EMAIL_1x"},
                    Written{"email_1 = 7", "email_1 = 7"}, Written{"EMAIL 1 (EMAIL-1)", "EMAIL 1 (EMAIL-1)"},
                    Written{"[EMAIL1]", "[EMAIL1]"},
                    Written{"[EMAIL\n1] [EMAIL_1, x]", "[EMAIL\n1] [a@b.io, x]"},
                    Written{"cut off: [EMAIL_1", "cut off: [EMAIL_1"},
                    Written{"cut off: EMAIL_1", "cut off: EMAIL_1"}, Written{"_1 [_1] [1]", "_1 [_1] [1]"},
                    Written{"", ""}));

TEST(Restore, LeavesAMessageWithoutKeptValuesAsItIs) {
  EXPECT_EQ(restored({}, "[EMAIL_1]"), "[EMAIL_1]");
}

TEST(Restore, DoesNotLookIntoTheValuesItPutsBack) {
  EXPECT_EQ(restored(with_kept({{"[A_1]", "[B_1]"}, {"[B_1]", "[A_1]"}}), "[A_1] [B_1]"), "[B_1] [A_1]");
}

TEST(Restore, KeepsJsonWhole) {
  const std::string value = "say \"hi\"\\\n\x01 {\xC3\xA4}";
  const Message message = with_kept({{"[NOTE_1]", value}, {"[NOTE_10]", "x"}});
  for (const char* answer : {R"({"note": "[NOTE_1]", "n": [1, -2.5e3, true, null]})",
                             R"(["\n[NOTE_1]\u0041"])", R"({"a": {"b": "\nNOTE_1"}})",
                             R"({"[NOTE_1]": "\u005bNOTE_1]"})", R"("[NOTE_1]")", " [\"NOTE_1\"]\n"}) {
    const std::string text = restored(message, answer);
    ASSERT_TRUE(Json::accept(text)) << text;
    std::string expected = Json::parse(answer).dump();
    for (const char* form : {"[NOTE_1]", "NOTE_1"})
      for (auto at = expected.find(form); at != std::string::npos; at = expected.find(form))
        expected.replace(at, std::string{form}.size(),
                         Json(value).dump().substr(1, Json(value).dump().size() - 2));
    EXPECT_EQ(Json::parse(text).dump(), expected);
  }
  EXPECT_EQ(restored(message, R"({"a":  1.50, "b": "\u0041", "c": "[NOTE_10]"})"),
            R"({"a":  1.50, "b": "\u0041", "c": "x"})")
      << "all else stays as it was written";
}

TEST(Restore, KeepsJsonWholeWhereAValueIsNotUtf8) {
  const std::string text = restored(with_kept({{"[NOTE_1]", "a\xFF"}}), R"({"note": "[NOTE_1]"})");
  EXPECT_EQ(Json::parse(text)["note"], "a\xEF\xBF\xBD");
}

TEST(Restore, PutsARequestBackAsItWas) {
  std::mt19937 random{11};
  const std::string pieces[] = {"a@b.io",
                                "[EMAIL_1]",
                                "EMAIL_2",
                                "+49 30 1234567",
                                "10.0.0.1",
                                "\xFF",
                                "\xC3\xA4",
                                " ",
                                "[",
                                "]",
                                "\"",
                                "\\",
                                "email_3",
                                "1",
                                "T-17",
                                "PHONE_1",
                                "_1",
                                "[TICKET_1",
                                "\n",
                                "c@d.org",
                                "{",
                                "[ip_1]",
                                "[EMAIL 1]",
                                "[ email-2 ]",
                                "4111 1111 1111 1111"};
  RedactOptions options;
  for (const auto& [name, kind] : EnumNames<redaction::ValueKind>::names) options.kinds.push_back(kind);
  options.patterns.emplace_back("ticket", redaction::Pattern::parse("T-\\d+"));
  options.patterns.emplace_back("quoted", redaction::Pattern::parse("\"[^\"]*\""));
  RedactNode redact{options, NoModels{}};
  RedactNode again{options, NoModels{}};
  RestoreNode restore{{}, NoModels{}};
  for (int round = 0; round < 3000; ++round) {
    Message message;
    for (auto length = random() % 12; length > 0; --length)
      message.request.text += pieces[random() % std::size(pieces)] + (random() % 2 != 0 ? " " : "");
    message.request.fields["note"] = message.request.text.substr(message.request.text.size() / 2);
    const Request before = message.request;
    redact.process(message);
    again.process(message);
    restore.process(message);
    if (random() % 2 != 0) restore.process(message);
    ASSERT_EQ(message.request.text, before.text);
    ASSERT_EQ(message.request.fields, before.fields);
  }
}

}  // namespace
}  // namespace slm
