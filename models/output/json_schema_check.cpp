#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "models/output/json_schema.h"

namespace slm::output {
namespace {

using nlohmann::json;
using Kind = SchemaNode::Kind;
using Violation = std::optional<std::string>;

std::size_t characters(const std::string& text) {
  // The parser has checked the UTF-8, so every byte that continues no character begins one.
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The parser keeps the last of several members with one name and says nothing.
class DuplicateFinder {
 public:
  bool operator()(int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second &&
        !duplicate_)
      duplicate_ = parsed.get<std::string>();
    return true;
  }
  const std::optional<std::string>& duplicate() const { return duplicate_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::optional<std::string> duplicate_;
};

class Validator {
 public:
  explicit Validator(const std::vector<SchemaNode>& nodes) : nodes_(nodes) {}

  Violation check(std::size_t index, const json& value, const std::string& where) const {
    const SchemaNode& node = nodes_[index];
    const auto wrong = [&](const char* expected) {
      return Violation(place(where) + "expected " + expected + ", found " + value.type_name());
    };
    switch (node.kind) {
      case Kind::anything:
        return std::nullopt;
      case Kind::literals:
        return check_literals(node, value, where);
      case Kind::alternatives:
        return check_alternatives(node, value, where);
      case Kind::reference:
        return check(node.children.front(), value, where);
      case Kind::object:
        return value.is_object() ? check_object(node, value, where) : wrong("an object");
      case Kind::array:
        return value.is_array() ? check_array(node, value, where) : wrong("an array");
      case Kind::string:
        if (!value.is_string()) return wrong("a string");
        return check_count(node, characters(value.get_ref<const std::string&>()), "characters", where);
      case Kind::number:
        return value.is_number() ? check_bounds(node, value.get<double>(), where) : wrong("a number");
      case Kind::integer:
        if (!value.is_number() || value.get<double>() != std::floor(value.get<double>()))
          return wrong("an integer");
        return check_bounds(node, value.get<double>(), where);
      case Kind::boolean:
        return value.is_boolean() ? std::nullopt : wrong("true or false");
      case Kind::null:
        return value.is_null() ? std::nullopt : wrong("null");
    }
    return std::nullopt;
  }

 private:
  static std::string place(const std::string& where) { return (where.empty() ? "the root" : where) + ": "; }

  static Violation check_literals(const SchemaNode& node, const json& value, const std::string& where) {
    const bool is_one =
        std::any_of(node.literals.begin(), node.literals.end(),
                    [&](const std::string& literal) { return json::parse(literal) == value; });
    if (is_one) return std::nullopt;
    return place(where) + "none of the allowed values";
  }

  Violation check_alternatives(const SchemaNode& node, const json& value, const std::string& where) const {
    Violation last;
    int matching = 0;
    for (const std::size_t child : node.children) {
      Violation violation = check(child, value, where);
      if (violation) {
        last = std::move(violation);
      } else {
        ++matching;
      }
    }
    if (matching == 0) return last;
    if (node.exactly_one && matching > 1) return place(where) + "more than one alternative of `oneOf` holds";
    return std::nullopt;
  }

  Violation check_object(const SchemaNode& node, const json& value, const std::string& where) const {
    for (const SchemaNode::Property& property : node.properties) {
      if (property.is_required && !value.contains(property.name))
        return place(where) + "`" + property.name + "` is missing";
    }
    for (const auto& entry : value.items()) {
      const std::string& name = entry.key();
      const auto found =
          std::find_if(node.properties.begin(), node.properties.end(),
                       [&](const SchemaNode::Property& property) { return property.name == name; });
      const bool is_named = found != node.properties.end();
      if (!is_named && !node.others) return place(where) + "`" + name + "` is not allowed";
      std::string inside = where;
      inside.append("/").append(name);
      if (auto violation = check(is_named ? found->schema : *node.others, entry.value(), inside))
        return violation;
    }
    return std::nullopt;
  }

  Violation check_array(const SchemaNode& node, const json& value, const std::string& where) const {
    if (auto violation = check_count(node, value.size(), "items", where)) return violation;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto violation = check(*node.others, value[i], where + "/" + std::to_string(i))) return violation;
    }
    if (node.has_unique_items && std::set<json>(value.begin(), value.end()).size() != value.size())
      return place(where) + "an item comes twice";
    return std::nullopt;
  }

  static Violation check_count(const SchemaNode& node, std::size_t count, const char* of,
                               const std::string& where) {
    if (count < node.least) return place(where) + "fewer than " + std::to_string(node.least) + " " + of;
    if (node.most && count > *node.most)
      return place(where) + "more than " + std::to_string(*node.most) + " " + of;
    return std::nullopt;
  }

  static Violation check_bounds(const SchemaNode& node, double value, const std::string& where) {
    if (node.minimum && (value < *node.minimum || (node.excludes_minimum && value == *node.minimum)))
      return place(where) + "below the minimum";
    if (node.maximum && (value > *node.maximum || (node.excludes_maximum && value == *node.maximum)))
      return place(where) + "above the maximum";
    return std::nullopt;
  }

  const std::vector<SchemaNode>& nodes_;
};

}  // namespace

std::optional<std::string> JsonSchema::violation(std::string_view text) const {
  DuplicateFinder duplicates;
  json value;
  try {
    value = json::parse(text, std::ref(duplicates));
  } catch (const json::exception& error) {
    return std::string("no JSON: ") + error.what();
  }
  if (duplicates.duplicate()) return "`" + *duplicates.duplicate() + "` comes twice in one object";
  return Validator(nodes_).check(root_, value, "");
}

}  // namespace slm::output
