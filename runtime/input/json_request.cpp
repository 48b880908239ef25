#include "runtime/input/json_request.h"

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/input/request_members.h"
#include "runtime/input/written_value.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

// Deeper values would exhaust the stack when they are written out again.
constexpr int kMaxDepth = 64;

std::string kind_of(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "text";
  if (value.is_boolean()) return "true or false";
  return value.is_null() ? "null" : "a number";
}

const std::string& text_of(const Json& value, const std::string& name) {
  if (!value.is_string()) throw LineMistake("`" + name + "` must be text, found " + kind_of(value));
  return value.get_ref<const std::string&>();
}

Json parse(std::string_view json) {
  const auto is_allowed = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDepth)
      throw LineMistake("values nest deeper than " + std::to_string(kMaxDepth) + " levels");
    return true;
  };
  try {
    auto value = Json::parse(json, is_allowed);
    if (!value.is_object()) throw LineMistake("expected a JSON object, found " + kind_of(value));
    return value;
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 7: syntax error while …": the line is
    // ours.
    const std::string_view what = error.what();
    const auto column = what.find("column ");
    throw LineMistake("not JSON: " + std::string{column == std::string_view::npos
                                                     ? what
                                                     : "at " + std::string{what.substr(column)}});
  } catch (const Json::out_of_range&) {
    throw LineMistake("it holds a number that is too large");
  }
}

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
  const auto id = object.find("id");
  if (id == object.end() || id->is_null()) return;
  if (!id->is_string() && !id->is_number())
    throw LineMistake("`id` must be text or a number, found " + kind_of(*id));
  item.id_json = id->is_number() ? written_value(json, "id") : id->dump();
  item.request.id = id->is_string() ? id->get<std::string>() : item.id_json;
}

void read_member(const std::string& name, const Json& value, InputItem& item) {
  if (name == "id") return;
  if (name == "timeout_ms") {
    item.request.timeout = read_timeout(value.is_number_integer() ? value.get<std::int64_t>() : -1);
  } else if (name == "privacy") {
    item.request.privacy = read_privacy(text_of(value, name));
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
    const auto object = parse(json);
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
