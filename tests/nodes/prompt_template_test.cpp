#include "nodes/prompt_template.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace slm {
namespace {

std::string filled(std::string_view prompt) {
  Message message;
  message.request = {.id = "7", .text = "play {label} jazz", .fields = {{"lang", "en"}}};
  message.answer.label = "PlayMusic";
  message.answer.text = "{}";
  return PromptTemplate::parse(prompt).fill(message);
}

TEST(PromptTemplate, FillsEveryPlace) {
  EXPECT_EQ("7 en PlayMusic {} play {label} jazz\n", filled("{id} {fields.lang} {label} {answer} {text}\n"));
}

TEST(PromptTemplate, LeavesBracesThatNameNothing) {
  EXPECT_EQ(R"({"intent": 1} {text} { text } {} play {label} jazz})",
            filled(R"({"intent": 1} {{text}} { text } {} {text}})"));
}

TEST(PromptTemplate, RefusesPlacesThatNoMessageFills) {
  EXPECT_THROW(PromptTemplate::parse("{txt}"), std::invalid_argument);
  EXPECT_THROW(PromptTemplate::parse("{fields.}"), std::invalid_argument);
}

TEST(PromptTemplate, SaysWhichFieldTheRequestLacks) {
  try {
    filled("{fields.country}");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ("the request has no field `country`, which the prompt needs", error.what());
  }
}

TEST(PromptTemplate, KnowsWhenItIsTheTextAlone) {
  EXPECT_TRUE(PromptTemplate::parse("{text}").is_text_alone());
  EXPECT_FALSE(PromptTemplate::parse("{text}\n").is_text_alone());
  EXPECT_FALSE(PromptTemplate::parse("").is_text_alone());
}

}  // namespace
}  // namespace slm
