#include <gtest/gtest.h>

#include "runtime/input/source.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;

std::vector<InputItem> read_all(const std::string& name, const std::string& content,
                                SourceOptions options = {}) {
  const TemporaryFolder folder;
  const auto file = folder.write(name, content);
  ByteReader bytes{file};
  const auto source = make_source(bytes, file, options);
  std::vector<InputItem> items;
  while (auto item = source->next()) items.push_back(*std::move(item));
  return items;
}

std::string error_of(const std::string& name, const std::string& content) {
  try {
    read_all(name, content);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(JsonLines, EveryMemberFindsItsPlace) {
  const auto items = read_all(
      "a.jsonl",
      R"({"id": 7, "text": "hi", "timeout_ms": 250, "privacy": "local", "expected": {"a": 1}, "expected_outcome": "rejected", "label": "x",)"
      R"( "lang": "de", "n": 3, "list": [1, 2], "flag": true})");
  ASSERT_EQ(items.size(), 1U);
  const auto& item = items[0];
  EXPECT_EQ(item.problem, "");
  EXPECT_EQ(item.id_json, "7");
  EXPECT_EQ(item.request.id, "7");
  EXPECT_EQ(item.request.text, "hi");
  EXPECT_EQ(item.request.timeout, std::chrono::milliseconds{250});
  EXPECT_EQ(item.request.privacy, Privacy::local);
  EXPECT_EQ(item.expectation.answer_json, R"({"a":1})");
  EXPECT_EQ(item.expectation.outcome, OutcomeKind::rejected);
  EXPECT_EQ(item.expectation.label, "x");
  const std::map<std::string, std::string> fields = {
      {"lang", "de"}, {"n", "3"}, {"list", "[1,2]"}, {"flag", "true"}};
  EXPECT_EQ(item.request.fields, fields);
}

TEST(JsonLines, LinesWithoutAnIdAreNumberedAndBlankOnesSkipped) {
  const auto items = read_all("a.jsonl", "\xEF\xBB\xBF{\"text\": \"a\"}\r\n\r\n  \n{\"text\": \"b\"}");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].request.text, "a");
  EXPECT_EQ(items[0].id_json, "1");
  EXPECT_EQ(items[1].line, 4U);
  EXPECT_EQ(items[1].id_json, "4");
  EXPECT_EQ(items[1].request.id, "4");
}

TEST(JsonLines, ABrokenLineIsOneProblemAndTheRestGoesOn) {
  const auto items = read_all("a.jsonl",
                              "{\"text\": \n"
                              "[1]\n"
                              "{\"id\": \"x\"}\n"
                              "{\"text\": 5}\n"
                              "{\"text\": \"\xFF\"}\n"
                              "{\"text\": \"a\", \"id\": {}}\n"
                              "{\"text\": \"a\", \"expected_outcome\": \"anwsered\"}\n"
                              "{\"text\": \"a\", \"timeout_ms\": -1}\n" +
                                  std::string(300, '[') + "\n{\"text\": \"last\"}\n");
  ASSERT_EQ(items.size(), 10U);
  EXPECT_NE(items[0].problem.find("not JSON: at column"), std::string::npos) << items[0].problem;
  EXPECT_EQ(items[1].problem, "expected a JSON object, found a list");
  EXPECT_EQ(items[2].problem, "`text` is missing");
  EXPECT_EQ(items[2].id_json, "\"x\"") << "the id is kept for the outcome";
  EXPECT_EQ(items[3].problem, "`text` must be text, found a number");
  EXPECT_NE(items[4].problem.find("UTF-8"), std::string::npos) << items[4].problem;
  EXPECT_EQ(items[5].problem, "`id` must be text or a number, found an object");
  EXPECT_NE(items[6].problem.find("did you mean `answered`?"), std::string::npos) << items[6].problem;
  EXPECT_NE(items[7].problem.find("timeout_ms"), std::string::npos);
  EXPECT_NE(items[8].problem.find("nest deeper"), std::string::npos) << items[8].problem;
  EXPECT_EQ(items[9].problem, "");
  EXPECT_EQ(items[9].request.text, "last");
}

TEST(JsonLines, AClassOfPrivacyThatIsNoneIsAProblem) {
  const auto items = read_all("a.jsonl",
                              "{\"text\": \"a\"}\n"
                              "{\"text\": \"a\", \"privacy\": \"open\"}\n"
                              "{\"text\": \"a\", \"privacy\": \"locl\"}\n"
                              "{\"text\": \"a\", \"privacy\": \"\"}\n"
                              "{\"text\": \"a\", \"privacy\": true}\n");
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].request.privacy, Privacy::open);
  EXPECT_EQ(items[1].problem, "");
  EXPECT_EQ(items[1].request.privacy, Privacy::open);
  EXPECT_EQ(items[2].problem, "`privacy` is `locl`, expected `local` or `open`; did you mean `local`?");
  EXPECT_EQ(items[3].problem, "`privacy` is ``, expected `local` or `open`");
  EXPECT_EQ(items[4].problem, "`privacy` must be text, found true or false");
}

TEST(JsonLines, ThePriorityIsThatOfTheLineOrElseOfTheRun) {
  const std::string lines =
      "{\"text\": \"a\"}\n"
      "{\"text\": \"a\", \"priority\": \"batch\"}\n"
      "{\"text\": \"a\", \"priority\": \"interactive\"}\n"
      "{\"text\": \"a\", \"priority\": \"bach\"}\n";
  const auto items = read_all("a.jsonl", lines);
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0].request.priority, Priority::interactive);
  EXPECT_EQ(items[1].request.priority, Priority::batch);
  EXPECT_EQ(items[2].request.priority, Priority::interactive);
  EXPECT_EQ(items[3].problem,
            "`priority` is `bach`, expected `interactive` or `batch`; did you mean `batch`?");
  const auto batch = read_all("a.jsonl", lines, {.priority = Priority::batch});
  EXPECT_EQ(batch[0].request.priority, Priority::batch);
  EXPECT_EQ(batch[2].request.priority, Priority::interactive);
}

TEST(JsonLines, AChatsLastUserMessageIsTheText) {
  const auto items = read_all(
      "a.jsonl", R"({"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "x"},)"
                 R"( {"role": "user", "content": "two"}, {"role": "assistant", "content": "y"}]})"
                 "\n{\"messages\": [{\"role\": \"system\", \"content\": \"z\"}]}\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].request.text, "two");
  EXPECT_NE(items[0].request.fields.at("messages").find("\"one\""), std::string::npos);
  EXPECT_NE(items[1].problem.find("role `user`"), std::string::npos);
}

TEST(JsonLines, AMessagesPartsOfTextAreItsText) {
  const auto items = read_all(
      "a.jsonl",
      R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "what is this?"},)"
      R"( {"type": "image_url", "image_url": {"url": "x"}}]}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": ["one"]}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": []}]})"
      "\n");
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].problem, "");
  EXPECT_EQ(items[0].request.text, "one\ntwo");
  EXPECT_EQ(items[1].problem, "`messages[].content` holds a part that is no text, but of type `image_url`");
  EXPECT_EQ(items[2].problem, "`messages[].content[].text` must be text, found a number");
  EXPECT_EQ(items[3].problem, "`messages[].content` holds a part that is no text");
  EXPECT_EQ(items[4].problem, "`messages[].content` is an empty list");
}

TEST(JsonLines, NumbersAsIdsKeepEveryDigit) {
  for (const std::string id : {"18446744073709551616", "-18446744073709551616", "1e2", "1.10", "-0",
                               "0.1000000000000000055511151231", "1E-400"}) {
    const auto items = read_all("a.jsonl", R"({"n": {"id": 5}, "text": "\"id\": 6", "id" : )" + id + "\t}\n" +
                                               R"({"id":1,"list":["id",{"id":2}],"\u0069d":)" + id +
                                               R"(,"text":"a\\"})" + "\n");
    ASSERT_EQ(items.size(), 2U);
    for (const auto& item : items) {
      EXPECT_EQ(item.problem, "");
      EXPECT_EQ(item.id_json, id);
      EXPECT_EQ(item.request.id, id);
    }
  }
}

TEST(JsonLines, ANumberBeyondAllBoundsFailsAlone) {
  const auto items = read_all("a.jsonl", "{\"text\": \"a\", \"n\": 1e999}\n{\"text\": \"b\"}\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].problem, "it holds a number that is too large");
  EXPECT_EQ(items[1].request.text, "b");
}

TEST(JsonLines, NulAndEmptyTextsAreRequests) {
  const auto items = read_all("a.jsonl", "{\"text\": \"a\\u0000b\"}\n{\"text\": \"\"}\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].request.text, std::string("a\0b", 3));
  EXPECT_EQ(items[1].request.text, "");
  EXPECT_EQ(items[1].problem, "");
}

TEST(JsonLines, ALineThatIsTooLongFailsAlone) {
  const auto items = read_all(
      "a.jsonl", "{\"text\": \"" + std::string(std::size_t{17} << 20, 'a') + "\"}\n{\"text\": \"b\"}\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].problem, "longer than 16 MiB");
  EXPECT_EQ(items[1].request.text, "b");
  EXPECT_EQ(items[1].line, 2U);
}

TEST(TextLines, EveryLineIsARequestWhateverItsBytes) {
  const auto items = read_all("a.txt", "one\r\n\n\xFF\xFEtwo\nthree");
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].request.text, "one");
  EXPECT_EQ(items[1].request.text, "\xFF\xFEtwo");
  EXPECT_EQ(items[1].id_json, "3");
  EXPECT_EQ(items[2].request.text, "three");
}

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineBreaks) {
  const auto items = read_all("a.csv",
                              "id,text,lang,expected,label\r\n"
                              "a,\"one, \"\"two\"\"\nthree\",de,\"{\"\"k\"\": 1}\",\r\n"
                              ",plain,,,greeting");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].request.text, "one, \"two\"\nthree");
  EXPECT_EQ(items[0].id_json, "\"a\"");
  EXPECT_EQ(items[0].line, 2U);
  EXPECT_EQ(items[0].request.fields.at("lang"), "de");
  EXPECT_EQ(items[0].expectation.answer_json, "{\"k\": 1}");
  EXPECT_FALSE(items[0].expectation.label.has_value());
  EXPECT_EQ(items[1].line, 4U);
  EXPECT_EQ(items[1].id_json, "4");
  EXPECT_EQ(items[1].expectation.label, "greeting");
}

TEST(Csv, ARecordThatIsBrokenFailsAloneEvenIfItsQuoteIsNeverClosed) {
  const auto items = read_all("a.csv",
                              "text,n\n"
                              "\"a\"b,1\n"
                              "a,1,2\n"
                              "a \"quote\",1\n"
                              "\"open,1\n"
                              "fine,1\n"
                              "last,2\n");
  ASSERT_EQ(items.size(), 6U);
  EXPECT_EQ(items[0].problem, "text follows a closing quote in field 1");
  EXPECT_EQ(items[1].problem, "found 3 fields, expected the 2 of the header");
  EXPECT_EQ(items[2].problem, "a quote stands in field 1, which does not begin with one");
  EXPECT_EQ(items[3].problem, "a quote is opened in field 1 and never closed");
  EXPECT_EQ(items[3].line, 5U);
  EXPECT_EQ(items[4].request.text, "fine");
  EXPECT_EQ(items[4].line, 6U);
  EXPECT_EQ(items[5].request.text, "last");
}

TEST(Csv, AColumnTellsWhatIsPrivate) {
  const auto items = read_all("a.csv", "text,privacy\na,local\nb,\nc,open\nd,secret\n");
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0].request.privacy, Privacy::local);
  EXPECT_EQ(items[1].request.privacy, Privacy::open);
  EXPECT_EQ(items[1].problem, "");
  EXPECT_EQ(items[2].request.privacy, Privacy::open);
  EXPECT_EQ(items[3].problem, "`privacy` is `secret`, expected `local` or `open`");
}

TEST(Csv, AnyColumnCanBeTheText) {
  const auto items = read_all("a.csv", "body,text\nhello,other\n", {.text_field = "body"});
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].request.text, "hello");
  EXPECT_EQ(items[0].request.fields.at("text"), "other");
}

TEST(Csv, AHeaderThatCannotBeUsedIsAnError) {
  EXPECT_NE(error_of("a.csv", "id,body\n1,x\n").find("no column `text`, but `id` or `body`"),
            std::string::npos)
      << error_of("a.csv", "id,body\n1,x\n");
  EXPECT_NE(error_of("a.csv", "text,text\nx,y\n").find("twice"), std::string::npos);
  EXPECT_EQ(error_of("a.csv", ""), "");
}

TEST(Sources, TheExtensionTellsTheFormatOrAskingHelps) {
  EXPECT_NE(error_of("a.parquet", "x").find("--format"), std::string::npos);
  EXPECT_EQ(read_all("a.parquet", "x\n", {.format = InputFormat::text}).size(), 1U);
}

TEST(Sources, AFolderOrAMissingFileIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THROW(ByteReader{folder.path()}, InputError);
  EXPECT_THROW(ByteReader{folder / "missing"}, InputError);
}

}  // namespace
}  // namespace slm::runtime
