#include "runtime/input/json_request.h"

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/input/json_object.h"
#include "runtime/input/request_members.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

/// A message's content as chat APIs have it: a text, or a list of parts, which are put together line by line.
std::string text_of_content(const Json& content) {
  if (!content.is_array()) return text_of(content, "messages[].content");
  if (content.empty()) throw LineMistake("`messages[].content` is an empty list");
  std::string text;
  for (const Json& part : content) {
    const auto type = part.is_object() ? part.value("type", Json{}) : Json{};
    if (type != "text" || !part.contains("text"))
      throw LineMistake("`messages[].content` holds a part that is no text" +
                        (type.is_string() ? ", but of type `" + type.get<std::string>() + "`" : ""));
    if (&part != &content.front()) text += '\n';
    text += text_of(part.at("text"), "messages[].content[].text");
  }
  return text;
}

std::string last_user_message(const Json& messages) {
  if (!messages.is_array()) throw LineMistake("`messages` must be a list, found " + kind_of(messages));
  for (auto message = messages.rbegin(); message != messages.rend(); ++message)
    if (message->is_object() && message->value("role", Json{}) == "user" && message->contains("content"))
      return text_of_content(message->at("content"));
  throw LineMistake("`messages` holds none of role `user` with text as `content`");
}

void read_id(const Json& object, std::string_view json, InputItem& item) {
  const auto id = id_json_of(object, json);
  if (!id) return;
  item.has_id = true;
  item.id_json = *id;
  item.request.id = object["id"].is_string() ? object["id"].get<std::string>() : *id;
}

void read_member(const std::string& name, const Json& value, InputItem& item) {
  if (name == "id") return;
  if (name == "timeout_ms") {
    item.request.timeout = read_timeout(value.is_number_integer() ? value.get<std::int64_t>() : -1);
  } else if (name == "privacy") {
    item.request.privacy = read_privacy(text_of(value, name));
  } else if (name == "priority") {
    item.request.priority = read_priority(text_of(value, name));
  } else if (name == "expected") {
    if (!value.is_null()) item.expectation.answer_json = value.dump();
  } else if (name == "expected_outcome") {
    item.expectation.outcome = read_outcome_kind(text_of(value, name));
  } else if (name == "label") {
    item.expectation.label = text_of(value, name);
  } else {
    item.request.fields[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

}  // namespace

void read_json_request(std::string_view json, const std::string& text_field, InputItem& item) {
  try {
    const auto object = read_json_object(json);
    read_id(object, json, item);
    if (const auto text = object.find(text_field); text != object.end())
      item.request.text = text_of(*text, text_field);
    else if (const auto messages = object.find("messages"); messages != object.end())
      item.request.text = last_user_message(*messages);
    else
      throw LineMistake("`" + text_field + "` is missing");
    for (const auto& [name, value] : object.items())
      if (name != text_field) read_member(name, value, item);
  } catch (const LineMistake& mistake) {
    item.problem = mistake.what();
  }
}

}  // namespace slm::runtime
