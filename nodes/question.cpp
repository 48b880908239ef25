#include "nodes/question.h"

#include "graph/pipeline.h"
#include "models/openai/options.h"
#include "nodes/cache/check_nearest.h"
#include "nodes/model_resource.h"

namespace slm {

Question Asking::of(const Message& message, SubjectUse subjects) const {
  if (chat) {
    Chat filled = chat->filled(message);
    std::string text = text_of(filled);
    return {std::move(text), std::move(filled), std::nullopt};
  }
  if (!prompt)
    return {message.request.text, std::nullopt, PromptTemplate::parse("{text}").subject(message, subjects)};
  return {prompt->fill(message), std::nullopt, prompt->subject(message, subjects)};
}

std::string Asking::source() const {
  if (chat) return chat->source();
  return prompt ? prompt->source() : "{text}";
}

void Asking::check(const std::string& model, CheckContext& context) const {
  const std::string node = "node `" + context.node().name + "` ";
  if (prompt && chat)
    context.problem(context.node().place,
                    node + "has both `prompt` and `chat`; expected one of `prompt` and `chat`");
  const ModelSpec* spec = context.pipeline().model(model);
  if (!spec) return;
  // A chat has no text apart from the rest, by which near questions could be found.
  cache::check_nearest(*spec, chat ? PromptTemplate{} : prompt.value_or(PromptTemplate::parse("{text}")),
                       context);
  const OpenAiOptions* remote = openai_options(*spec);
  if (chat && remote && remote->api == OpenAiOptions::Api::completions)
    context.problem(context.node().place,
                    "`chat` of " + node + "needs chats: model `" + model +
                        "` has `api: completions`; expected `api: chat`, or `prompt` here");
}

void require(const char* key, const Model& model, const std::string& why_not) {
  if (why_not.empty()) return;
  const std::string name =
      model.info.file.empty() ? "model `" + model.info.name + '`' : model.info.file.string();
  throw ModelError{'`' + std::string{key} + "` with " + name + ": " + why_not};
}

}  // namespace slm
