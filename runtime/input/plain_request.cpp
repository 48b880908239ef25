#include "runtime/input/plain_request.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "runtime/json_text.h"

namespace slm::runtime {
namespace {

/// One that is written again as it stands, whoever reads it.
bool is_plain_number(std::string_view token) {
  const bool is_short = !token.empty() && token.size() <= 18 && (token.size() == 1 || token.front() != '0');
  return is_short && std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trimmed(std::string_view token) {
  const auto end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool is_meant_otherwise(std::string_view name) {
  return name == "messages" || name == "timeout_ms" || name == "privacy" || name == "priority" ||
         name == "expected" || name == "expected_outcome";
}

struct Members {
  std::optional<std::string> text;
  std::string id;
  std::string id_json;
  std::optional<std::string> label;
  std::map<std::string, std::string> fields;
};

/// False where a member is not plain.
bool read_member(std::string_view name, simdjson::ondemand::value value, const std::string& text_field,
                 Members& members) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    if (name == text_field) {
      members.text = text;
    } else if (name == "id") {
      members.id = text;
      members.id_json.clear();
      append_json_text(members.id_json, text);
    } else if (name == "label") {
      members.label = text;
    } else {
      members.fields.insert_or_assign(std::string{name}, std::string{text});
    }
    return !is_meant_otherwise(name);
  }
  const auto token = trimmed(value.raw_json_token());
  if (!is_plain_number(token) || name == text_field || name == "label" || is_meant_otherwise(name))
    return false;
  if (name == "id")
    members.id = members.id_json = token;
  else
    members.fields.insert_or_assign(std::string{name}, std::string{token});
  return true;
}

bool read_members(std::string& json, const std::string& text_field, Members& members) {
  if (text_field == "id" || text_field == "label" || is_meant_otherwise(text_field)) return false;
  thread_local simdjson::ondemand::parser parser;
  json.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  if (parser.iterate(json.data(), json.size(), json.capacity()).get(document) != simdjson::SUCCESS)
    return false;
  simdjson::ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto member : object) {
    std::string_view name;
    simdjson::ondemand::value value;
    if (member.unescaped_key().get(name) != simdjson::SUCCESS) return false;
    if (member.value().get(value) != simdjson::SUCCESS) return false;
    if (!read_member(name, value, text_field, members)) return false;
  }
  // Nothing stands behind the object.
  return members.text && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace

bool read_plain_request(std::string& json, const std::string& text_field, InputItem& item) {
  Members members;
  if (!read_members(json, text_field, members)) return false;
  item.request.text = std::move(*members.text);
  item.request.fields = std::move(members.fields);
  item.expectation.label = std::move(members.label);
  if (members.id_json.empty()) return true;
  item.has_id = true;
  item.request.id = std::move(members.id);
  item.id_json = std::move(members.id_json);
  return true;
}

}  // namespace slm::runtime
