#include "nodes/chat.h"

#include <gmock/gmock.h>

#include "graph/graph.h"
#include "nodes/builtin.h"
#include "tests/models/llama/tiny_model.h"
#include "tests/models/openai/fake_server.h"

namespace slm {
namespace {

using ::testing::HasSubstr;

Message message_with(const std::string& text, const std::string& messages = "") {
  Message message;
  message.request.text = text;
  if (!messages.empty()) message.request.fields["messages"] = messages;
  return message;
}

ChatOptions options(const std::string& system, const std::string& user = "{text}") {
  ChatOptions chat;
  if (!system.empty()) chat.system = PromptTemplate::parse(system);
  chat.user = PromptTemplate::parse(user);
  return chat;
}

TEST(Chat, ATextBecomesAConversation) {
  EXPECT_EQ(options("").filled(message_with("Hi")), (Chat{{"user", "Hi"}}));
  EXPECT_EQ(options("Be brief, {text}.", "Say: {text}").filled(message_with("Hi")),
            (Chat{{"system", "Be brief, Hi."}, {"user", "Say: Hi"}}));
}

TEST(Chat, MessagesOfTheRequestAreTheConversation) {
  const auto message = message_with("Play", R"([{"role":"user","content":"Hi"},
    {"role":"assistant","content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]},
    {"role":"user","content":"Play"}])");
  EXPECT_EQ(options("Be brief.", "{text}!").filled(message),
            (Chat{{"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hel\nlo"}, {"user", "Play!"}}));
  const auto own =
      message_with("Hi", R"([{"role":"system","content":"Mine"},{"role":"user","content":"Hi"}])");
  EXPECT_EQ(options("Be brief.").filled(own), (Chat{{"system", "Mine"}, {"user", "Hi"}}));
}

TEST(Chat, MessagesThatAreNoneAreRefused) {
  for (const std::string messages : {"{}", "no JSON", "[]", R"([{"role":"tool","content":"x"}])",
                                     R"([{"role":"assistant","content":"x"}])", R"([{"role":"user"}])",
                                     R"([{"role":"user","content":7}])", R"([7])"})
    EXPECT_THROW(options("").filled(message_with("Hi", messages)), std::runtime_error) << messages;
}

TEST(Chat, ItsTextTellsItFromEveryOther) {
  EXPECT_NE(text_of(Chat{{"user", "a"}, {"user", "b"}}), text_of(Chat{{"user", "a\"},{\"role\":\"user\"b"}}));
  EXPECT_NE(text_of(Chat{{"user", "a"}}), text_of(Chat{{"system", "a"}}));
}

constexpr const char* kChatMl =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";

/// Spells out "<one>ジ<two>", its second character byte by byte, where a line has ended.
Pipeline llama_pipeline(const std::string& chat_template, const std::string& node) {
  register_builtin_nodes();
  testing::write({.width = 256,
                  .pieces = {"<one>", "<two>"},
                  .controls = {"<|im_start|>", "<|im_end|>"},
                  .chat_template = chat_template,
                  .follows = {{"<0x0A>", "<one>"},
                              {"<one>", "<0xE3>"},
                              {"<0xE3>", "<0x82>"},
                              {"<0x82>", "<0xB8>"},
                              {"<0xB8>", "<two>"},
                              {"<two>", "<|im_end|>"}}},
                 "chatter.gguf");
  return Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
      "  small: { backend: llama, file: chatter.gguf, context: 256, slots: 2, threads: 1 }\nnodes:\n  a: { "
      "type: generate, model: small, max_tokens: 5, " +
          node + " }\n",
      testing::test_folder() / "p.yaml");
}

TEST(ChatNode, AsksInTheModelsOwnForm) {
  Graph graph{llama_pipeline(kChatMl, "chat: { system: Be brief. }")};
  const Outcome outcome = graph.submit({.text = "Hi"}).get();
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(outcome.answer.text, "<one>ジ<two>");
}

TEST(ChatNode, WeighsChoicesInTheModelsOwnForm) {
  const auto label = [](const std::string& chat) {
    llama_pipeline(kChatMl, "chat: {}");  // writes the model
    Graph graph{Pipeline::parse(
        "pipeline: p\nversion: 1\nentry: a\nmodels:\n"
        "  small: { backend: llama, file: chatter.gguf, context: 256, slots: 2, threads: 1 }\nnodes:\n"
        "  a: { type: classify, model: small, choices: ['<two>', '<one>'], " +
            chat + " }\n",
        testing::test_folder() / "p.yaml")};
    return graph.submit({.text = "<one>"}).get();
  };
  const Outcome chat = label("chat: { system: Be brief. }");
  EXPECT_EQ(chat.answer.label, "<one>") << "that is what follows a line's end: " << chat.reason;
  EXPECT_GT(chat.answer.evidence.labels.probabilities.at(1), 0.9F);
}

TEST(ChatNode, AModelThatCannotThinkIsAnErrorAtLoad) {
  try {
    Graph graph{llama_pipeline(kChatMl, "chat: {}, thinking: 8")};
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("`thinking` with"));
    EXPECT_THAT(error.what(), HasSubstr("enable_thinking"));
  }
}

TEST(ChatNode, ThinksBeforeItAnswers) {
  // Without `</think>` in its vocabulary, the model spells no end, and is cut off.
  Graph graph{llama_pipeline(std::string{kChatMl} + "{% if enable_thinking is false %}{% endif %}",
                             "chat: {}, thinking: 4")};
  const Outcome outcome = graph.submit({.text = "Hi"}).get();
  ASSERT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
  EXPECT_EQ(outcome.answer.text, "<one>ジ<two>");
  EXPECT_GT(outcome.trace.at(0).generated_tokens, 5U + 4U);
}

TEST(ChatNode, AMessageThatIsNoneFailsAlone) {
  Graph graph{llama_pipeline(kChatMl, "chat: {}")};
  const Outcome outcome = graph.submit({.text = "Hi", .fields = {{"messages", "[7]"}}}).get();
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("`messages` of the request"));
}

TEST(ChatNode, AModelWithoutATemplateIsAnErrorAtLoad) {
  for (const auto& [chat_template, why] :
       {std::pair{"", "has no chat template"}, std::pair{"{{ own }}", "does not know the chat template"}}) {
    try {
      Graph graph{llama_pipeline(chat_template, "chat: {}")};
      FAIL() << why;
    } catch (const std::exception& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
      EXPECT_THAT(error.what(), HasSubstr("chatter.gguf"));
      EXPECT_THAT(error.what(), HasSubstr("`a`"));
    }
  }
}

TEST(ChatNode, AServerIsSentTheMessages) {
  register_builtin_nodes();
  std::string body;
  testing::FakeServer server{[&](testing::Visit& visit) {
    body = visit.body;
    visit.respond("200 OK", "", R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})");
  }};
  Graph graph{Pipeline::parse(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n  cloud: { backend: openai, url: '" + server.url() +
          "', model: m, logprobs: false, stream: false, retries: 0, cache: {} }\n"
          "nodes:\n  a: { type: generate, model: cloud, chat: { system: Be brief. } }\n",
      testing::test_folder() / "p.yaml")};
  const auto hit = [&](const std::string& messages) {
    const Outcome outcome = graph.submit({.text = "Hi", .fields = {{"messages", messages}}}).get();
    EXPECT_EQ(outcome.kind, OutcomeKind::answered) << outcome.reason;
    return outcome.trace.at(0).is_cached;
  };
  const std::string one = R"([{"role":"user","content":"A"},{"role":"assistant","content":"B"},)"
                          R"({"role":"user","content":"Hi"}])";
  EXPECT_FALSE(hit(one));
  EXPECT_THAT(body, HasSubstr(R"("messages":[{"role":"system","content":"Be brief."},{"role":"user",)"
                              R"("content":"A"},{"role":"assistant","content":"B"},)"));
  EXPECT_TRUE(hit(one));
  EXPECT_FALSE(hit(R"([{"role":"user","content":"C"},{"role":"user","content":"Hi"}])"))
      << "another conversation with the same last message is another question";
}

}  // namespace
}  // namespace slm
