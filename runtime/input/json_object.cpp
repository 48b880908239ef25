#include "runtime/input/json_object.h"

#include <nlohmann/json.hpp>

#include "runtime/input/request_members.h"
#include "runtime/input/written_value.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

// Deeper values would exhaust the stack when they are written out again.
constexpr int kMaxDepth = 64;

}  // namespace

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

Json read_json_object(std::string_view json) {
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

std::optional<std::string> id_json_of(const Json& object, std::string_view json) {
  const auto id = object.find("id");
  if (id == object.end() || id->is_null()) return std::nullopt;
  if (!id->is_string() && !id->is_number())
    throw LineMistake("`id` must be text or a number, found " + kind_of(*id));
  return id->is_number() ? written_value(json, "id") : id->dump();
}

}  // namespace slm::runtime
