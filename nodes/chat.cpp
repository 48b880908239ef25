#include "nodes/chat.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace slm {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& why) {
  throw std::runtime_error("`messages` of the request " + why);
}

/// A text, or a list of parts that are put together line by line.
std::string content_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end()) refuse("holds one without `content`");
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) refuse("holds one whose `content` is no text");
  std::string text;
  for (const Json& part : *content) {
    if (!part.is_object() || !part.contains("text") || !part["text"].is_string())
      refuse("holds one with a part that is no text");
    if (&part != &content->front()) text += '\n';
    text += part["text"].get<std::string>();
  }
  return text;
}

ChatMessage message_of(const Json& message) {
  const bool has_role = message.is_object() && message.contains("role") && message["role"].is_string();
  const auto role = has_role ? message["role"].get<std::string>() : "";
  if (role != "system" && role != "user" && role != "assistant")
    refuse("holds one of role `" + role + "`; expected `system`, `user` or `assistant`");
  return {role, content_of(message)};
}

Chat conversation_of(const Message& message) {
  const auto field = message.request.fields.find("messages");
  if (field == message.request.fields.end()) return {{"user", ""}};
  const Json list = Json::parse(field->second, nullptr, false);
  if (!list.is_array()) refuse("are no list");
  Chat chat;
  for (const Json& entry : list) chat.push_back(message_of(entry));
  return chat;
}

}  // namespace

Fields<ChatOptions> ChatOptions::fields() {
  return Fields<ChatOptions>{}
      .optional("system", &ChatOptions::system,
                "what the model is told first, with places such as {text}; not where `messages` begin with a "
                "system message")
      .optional("user", &ChatOptions::user, "what the user says last; the request's text if left out");
}

Chat ChatOptions::filled(const Message& message) const {
  Chat chat = conversation_of(message);
  const auto last =
      std::find_if(chat.rbegin(), chat.rend(), [](const ChatMessage& said) { return said.role == "user"; });
  if (last == chat.rend()) refuse("hold none of role `user`");
  last->content = user.fill(message);
  if (system && chat.front().role != "system") chat.insert(chat.begin(), {"system", system->fill(message)});
  return chat;
}

std::string ChatOptions::source() const {
  return (system ? system->source() : "") + '\0' + user.source();
}

std::string text_of(const Chat& chat) {
  Json list = Json::array();
  for (const ChatMessage& message : chat)
    list.push_back({{"role", message.role}, {"content", message.content}});
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm
