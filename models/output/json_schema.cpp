#include "models/output/json_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "models/model.h"

namespace slm::output {

using Json = nlohmann::ordered_json;
using Kind = SchemaNode::Kind;

namespace {

constexpr std::array<std::string_view, 14> kAnnotations{
    "$schema",  "$id",     "$comment", "$anchor",    "$defs",    "definitions", "title",
    "examples", "default", "format",   "deprecated", "readOnly", "writeOnly",   "description"};

constexpr std::array<std::pair<std::string_view, Kind>, 7> kTypes{{
    {"object", Kind::object},
    {"array", Kind::array},
    {"string", Kind::string},
    {"number", Kind::number},
    {"integer", Kind::integer},
    {"boolean", Kind::boolean},
    {"null", Kind::null},
}};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw ModelError("JSON schema, at " + (where.empty() ? std::string("its root") : where) + ": " + why);
}

std::string escaped(std::string_view name) {  // RFC 6901
  std::string text;
  for (const char letter : name) {
    if (letter == '~') {
      text += "~0";
    } else if (letter == '/') {
      text += "~1";
    } else {
      text += letter;
    }
  }
  return text;
}

bool has_type(const Json& value, Kind kind) {
  switch (kind) {
    case Kind::object:
      return value.is_object();
    case Kind::array:
      return value.is_array();
    case Kind::string:
      return value.is_string();
    case Kind::number:
      return value.is_number();
    case Kind::integer:
      return value.is_number_integer() ||
             (value.is_number_float() && value == std::floor(value.get<double>()));
    case Kind::boolean:
      return value.is_boolean();
    case Kind::null:
      return value.is_null();
    default:
      return true;
  }
}

}  // namespace

/// Turns the document into nodes; each place of it becomes one node, however often it is referred to.
class SchemaReader {
 public:
  explicit SchemaReader(const Json& document) : document_(document) {}

  JsonSchema read() {
    result_.root_ = node_at(document_, "");
    for (std::size_t i = 0; i < result_.nodes_.size(); ++i) check_reference_ends(i);
    return std::move(result_);
  }

 private:
  std::size_t add(SchemaNode node) {
    result_.nodes_.push_back(std::move(node));
    return result_.nodes_.size() - 1;
  }

  std::size_t node_at(const Json& schema, const std::string& where) {
    if (const auto known = by_pointer_.find(where); known != by_pointer_.end()) return known->second;
    if (where.size() > 2000) refuse(where.substr(0, 100) + "…", "the schema is nested too deeply");
    const std::size_t index = add({.where = where});  // before its parts, which may refer to it
    by_pointer_[where] = index;
    SchemaNode node = read_node(schema, where);
    node.where = where;
    result_.nodes_[index] = std::move(node);
    return index;
  }

  SchemaNode read_node(const Json& schema, const std::string& where) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) refuse(where, "`false` allows nothing");
      return {};
    }
    if (!schema.is_object()) refuse(where, "a schema is an object, found " + schema.dump());
    if (schema.contains("$ref")) return reference(schema, where);
    for (const char* keyword : {"enum", "const"}) {
      if (schema.contains(keyword)) return literals(schema, keyword, where);
    }
    for (const char* keyword : {"anyOf", "oneOf"}) {
      if (schema.contains(keyword)) return alternatives(schema, keyword, where);
    }
    if (!schema.contains("type")) return untyped(schema, where);
    const Json& type = schema["type"];
    if (!type.is_array()) return typed(schema, kind_of(type, where), where);
    SchemaNode node{.kind = Kind::alternatives};
    // Each type takes the keywords that are about it, so the others' are not unknown here.
    for (const Json& name : type) node.children.push_back(add_typed(schema, kind_of(name, where), where));
    if (node.children.empty()) refuse(where + "/type", "the list is empty");
    return node;
  }

  Kind kind_of(const Json& type, const std::string& where) {
    const auto* found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& known) { return type == known.first; });
    if (found == kTypes.end())
      refuse(where + "/type",
             "found " + type.dump() + ", expected object, array, string, number, integer, boolean or null");
    return found->second;
  }

  SchemaNode reference(const Json& schema, const std::string& where) {
    only(schema, {"$ref"}, where);
    const Json& target = schema["$ref"];
    const std::string text = target.is_string() ? target.get<std::string>() : std::string();
    if (text != "#" && !text.starts_with("#/"))
      refuse(where + "/$ref",
             "found " + target.dump() + ", expected a place in this document, as in \"#/$defs/name\"");
    const std::string pointer = text.substr(1);
    try {
      return {.kind = Kind::reference,
              .children = {node_at(document_.at(Json::json_pointer(pointer)), pointer)}};
    } catch (const Json::exception&) {
      refuse(where + "/$ref", "there is no " + text + " in this document");
    }
  }

  SchemaNode literals(const Json& schema, const char* keyword, const std::string& where) {
    only(schema, {keyword, "type"}, where);
    const Json& given = schema[keyword];
    const bool is_list = std::string_view(keyword) == "enum";
    if (is_list && (!given.is_array() || given.empty()))
      refuse(where + "/enum", "found " + given.dump() + ", expected a list of values");
    SchemaNode node{.kind = Kind::literals};
    for (const Json& value : is_list ? given : Json::array({given})) {
      if (!schema.contains("type") || is_of_type(value, schema["type"], where))
        node.literals.push_back(value.dump());
    }
    if (node.literals.empty()) refuse(where + "/" + keyword, "no value is of the schema's type");
    return node;
  }

  bool is_of_type(const Json& value, const Json& type, const std::string& where) {
    if (!type.is_array()) return has_type(value, kind_of(type, where));
    return std::any_of(type.begin(), type.end(),
                       [&](const Json& name) { return has_type(value, kind_of(name, where)); });
  }

  SchemaNode alternatives(const Json& schema, const char* keyword, const std::string& where) {
    only(schema, {keyword}, where);
    const Json& given = schema[keyword];
    const std::string place = where + "/" + keyword;
    if (!given.is_array() || given.empty()) refuse(place, "expected a list of schemas");
    SchemaNode node{.kind = Kind::alternatives, .exactly_one = std::string_view(keyword) == "oneOf"};
    for (std::size_t i = 0; i < given.size(); ++i)
      node.children.push_back(node_at(given[i], place + "/" + std::to_string(i)));
    return node;
  }

  /// Without a type, keywords about objects or arrays would still allow all other types; nobody means that.
  SchemaNode untyped(const Json& schema, const std::string& where) {
    if (schema.contains("properties") || schema.contains("required"))
      return typed(schema, Kind::object, where);
    if (schema.contains("items")) return typed(schema, Kind::array, where);
    only(schema, {}, where);
    return {};
  }

  std::size_t add_typed(const Json& schema, Kind kind, const std::string& where) {
    Json own = Json::object();
    for (const auto& [keyword, value] : schema.items()) {
      if (!belongs_to_type(keyword) || is_about(keyword, kind)) own[keyword] = value;
    }
    SchemaNode node = typed(own, kind, where);
    node.where = where;
    return add(std::move(node));
  }

  static std::vector<std::string_view> keywords_of(Kind kind) {
    switch (kind) {
      case Kind::object:
        return {"properties", "required", "additionalProperties"};
      case Kind::array:
        return {"items", "minItems", "maxItems", "uniqueItems"};
      case Kind::string:
        return {"minLength", "maxLength"};
      case Kind::number:
      case Kind::integer:
        return {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
      default:
        return {};
    }
  }
  static bool is_about(std::string_view keyword, Kind kind) {
    const auto keywords = keywords_of(kind);
    return std::find(keywords.begin(), keywords.end(), keyword) != keywords.end();
  }
  static bool belongs_to_type(std::string_view keyword) {
    return std::any_of(kTypes.begin(), kTypes.end(),
                       [&](const auto& type) { return is_about(keyword, type.second); });
  }

  SchemaNode typed(const Json& schema, Kind kind, const std::string& where) {
    std::vector<std::string_view> known = keywords_of(kind);
    known.push_back("type");
    only(schema, known, where);
    SchemaNode node{.kind = kind};
    if (kind == Kind::object) read_object(schema, where, node);
    if (kind == Kind::array) read_array(schema, where, node);
    if (kind == Kind::string) read_range(schema, where, "minLength", "maxLength", node);
    if (kind == Kind::number || kind == Kind::integer) read_bounds(schema, where, node);
    return node;
  }

  void read_object(const Json& schema, const std::string& where, SchemaNode& node) {
    const Json properties = schema.value("properties", Json::object());
    if (!properties.is_object()) refuse(where + "/properties", "expected an object");
    std::set<std::string> required;
    for (const Json& name : schema.value("required", Json::array())) {
      if (!name.is_string() || !properties.contains(name.get<std::string>()))
        refuse(where + "/required", name.dump() + " is not among the properties");
      required.insert(name.get<std::string>());
    }
    for (const auto& [name, value] : properties.items()) {
      const std::size_t child = node_at(value, where + "/properties/" + escaped(name));
      node.properties.push_back({name, child, required.contains(name)});
    }
    const bool is_free = !schema.contains("properties");
    if (schema.contains("additionalProperties")) {
      const Json& others = schema["additionalProperties"];
      if (others != Json(false)) node.others = node_at(others, where + "/additionalProperties");
    } else if (is_free) {
      node.others = add({.where = where});
    }
  }

  void read_array(const Json& schema, const std::string& where, SchemaNode& node) {
    node.others =
        schema.contains("items") ? node_at(schema["items"], where + "/items") : add({.where = where});
    const Json unique = schema.value("uniqueItems", Json(false));
    if (!unique.is_boolean()) refuse(where + "/uniqueItems", "expected true or false");
    node.has_unique_items = unique.get<bool>();
    read_range(schema, where, "minItems", "maxItems", node);
  }

  void read_range(const Json& schema, const std::string& where, const char* least, const char* most,
                  SchemaNode& node) {
    const auto count = [&](const char* keyword) -> std::optional<std::size_t> {
      if (!schema.contains(keyword)) return std::nullopt;
      const Json& value = schema[keyword];
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 1'000'000'000)
        refuse(where + "/" + keyword, "found " + value.dump() + ", expected a count");
      return value.get<std::size_t>();
    };
    node.least = count(least).value_or(0);
    node.most = count(most);
    if (node.most && *node.most < node.least)
      refuse(where + "/" + most, std::string("less than `") + least + "`");
  }

  void read_bounds(const Json& schema, const std::string& where, SchemaNode& node) {
    const auto bound = [&](const char* keyword) -> std::optional<double> {
      if (!schema.contains(keyword)) return std::nullopt;
      const Json& value = schema[keyword];
      if (!value.is_number()) refuse(where + "/" + keyword, "found " + value.dump() + ", expected a number");
      return value.get<double>();
    };
    node.minimum = bound("minimum");
    node.maximum = bound("maximum");
    if (const auto low = bound("exclusiveMinimum"); low && (!node.minimum || *low >= *node.minimum)) {
      node.minimum = low;
      node.excludes_minimum = true;
    }
    if (const auto high = bound("exclusiveMaximum"); high && (!node.maximum || *high <= *node.maximum)) {
      node.maximum = high;
      node.excludes_maximum = true;
    }
  }

  /// Refuses every keyword but these and annotations.
  void only(const Json& schema, const std::vector<std::string_view>& known, const std::string& where) {
    const auto has = [](const auto& list, std::string_view name) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    for (const auto& [keyword, value] : schema.items()) {
      if (!has(known, keyword) && !has(kAnnotations, keyword))
        refuse(where + "/" + escaped(keyword), "`" + keyword + "` is not supported here");
    }
  }

  /// A reference that leads back to itself, directly or by alternatives, describes nothing.
  void check_reference_ends(std::size_t start) {
    std::vector<std::size_t> path{start};
    std::set<std::size_t> seen;
    while (!path.empty()) {
      const SchemaNode& node = result_.nodes_[path.back()];
      path.pop_back();
      for (const std::size_t child : node.children) {
        if (child == start) refuse(result_.nodes_[start].where, "the schema refers to itself without end");
        if (seen.insert(child).second) path.push_back(child);
      }
    }
  }

  const Json& document_;
  JsonSchema result_;
  std::map<std::string, std::size_t> by_pointer_;
};

JsonSchema JsonSchema::parse(std::string_view text) {
  Json document;
  try {
    document = Json::parse(text);
  } catch (const Json::exception& error) {
    throw ModelError(std::string("JSON schema: ") + error.what());
  }
  return SchemaReader(document).read();
}

}  // namespace slm::output
