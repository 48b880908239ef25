#include "runtime/input/plain_request.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/input/json_request.h"
#include "runtime/input/line_sources.h"

namespace slm::runtime {
namespace {

/// What both readers make of a line; a plain one is to be read alike.
void expect_alike(const std::string& line, const std::string& text_field = "text") {
  auto plain = item_at(7, 0);
  std::string grown = line;
  if (!read_plain_request(grown, text_field, plain)) {
    EXPECT_EQ(plain.id_json, "7") << "untouched: " << line;
    EXPECT_TRUE(plain.request.fields.empty()) << line;
    return;
  }
  auto whole = item_at(7, 0);
  read_json_request(line, text_field, whole);
  EXPECT_EQ(whole.problem, "") << line;
  EXPECT_EQ(plain.id_json, whole.id_json) << line;
  EXPECT_EQ(plain.has_id, whole.has_id) << line;
  EXPECT_EQ(plain.request.id, whole.request.id) << line;
  EXPECT_EQ(plain.request.text, whole.request.text) << line;
  EXPECT_EQ(plain.request.fields, whole.request.fields) << line;
  EXPECT_EQ(plain.expectation.label, whole.expectation.label) << line;
}

bool is_plain(std::string line) {
  auto item = item_at(1, 0);
  return read_plain_request(line, "text", item);
}

TEST(PlainRequest, IsOneOfTextsAndWholeNumbers) {
  for (const char* line :
       {R"({"id": "a", "text": "x"})", R"({"text":"x","id":12,"user":"u","n":0})", R"( {"text" : "x"} )",
        R"({"text":"caf\u00e9 \ud83d\ude00 \"q\" \\ \n","label":"a b"})"})
    EXPECT_TRUE(is_plain(line)) << line;
  for (const char* line : {R"({"id": 1.10, "text": "x"})",
                           R"({"text": "x", "id": null})",
                           R"({"text": "x", "a": [1]})",
                           R"({"text": "x", "a": -1})",
                           R"({"text": 1})",
                           R"({"id": 1})",
                           R"({"text": "x", "timeout_ms": 5})",
                           R"({"text": "x", "privacy": "local"})",
                           R"({"text": "x", "expected": "y"})",
                           R"({"messages": "m", "text": "x"})",
                           R"({"text": "x"} {})",
                           R"({"text": "x"}})",
                           R"({"text": "x",})",
                           R"({"text": "x" "a": 1})",
                           R"({"text": "x", "a": 01})",
                           R"({"text": "x)",
                           R"(["text"])",
                           "7",
                           "",
                           "{\"text\": \"\xff\"}",
                           R"({"text": "x", "n": 12345678901234567890})",
                           R"({"text": "\ud83d"})",
                           R"({"text": "x", "a": tru})"})
    EXPECT_FALSE(is_plain(line)) << line;
}

TEST(PlainRequest, IsReadAsAnyOtherIs) {
  for (const char* line : {R"({"id": "a\u0062", "text": "x", "text": "y", "id": "c"})",
                           R"({"id": "é\u00e9", "text": "é"})", R"({"text": "", "": "", "n": 5, "n": "6"})",
                           R"({"text": "\u0000a"})", R"({"t\u0065xt": "x", "label": "l", "label": "m"})"})
    expect_alike(line);
  expect_alike(R"({"id": "a", "text": "x"})", "id");
  expect_alike(R"({"label": "a", "text": "x"})", "label");
  expect_alike(R"({"body": "a", "text": "x"})", "body");
}

TEST(PlainRequest, WhateverALineIsBothReadersAgree) {
  const std::string line =
      R"({"id": "a1", "text": "play \"some\" j\u00e4zz", "label": "music", "n": 12, "user": "é"})";
  const std::string bytes = "\"\\{}[]:,0123456789.-eEtfn u\xc3\xa9\n";
  std::mt19937 random{5};
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = line;
    for (auto edits = random() % 3 + 1; edits > 0; --edits) {
      const auto at = random() % changed.size();
      switch (random() % 3) {
        case 0:
          changed[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          changed.erase(at, random() % 4 + 1);
          break;
        default:
          changed.insert(at, 1, bytes[random() % bytes.size()]);
          break;
      }
    }
    expect_alike(changed);
  }
}

}  // namespace
}  // namespace slm::runtime
