#include "models/output/json_schema_grammar.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "models/model.h"
#include "models/output/integer_range.h"

namespace slm::output {
namespace {

using Kind = SchemaNode::Kind;
using Property = SchemaNode::Property;

/// Bounds beyond this are as good as none: they are not exact as doubles.
constexpr double kExactInteger = 9e15;

std::string gbnf_literal(std::string_view text) {
  std::string literal = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') literal += '\\';
    literal += letter;
  }
  return literal + '"';
}

std::string member_name(const std::string& name) {
  return gbnf_literal(nlohmann::json(name).dump() + ":") + " space ";
}

std::string repeated(const std::string& what, std::size_t least, std::optional<std::size_t> most) {
  least = std::min(least, kLongestCounted);
  if (!most || *most > kLongestCounted) {
    if (least == 0) return what + "*";
    return what + "{" + std::to_string(least) + ",}";
  }
  return what + "{" + std::to_string(least) + "," + std::to_string(*most) + "}";
}

class GrammarWriter {
 public:
  explicit GrammarWriter(const JsonSchema& schema) : nodes_(schema.nodes()) {}

  std::string write(std::size_t root) {
    grammar_ = "root ::= " + rule(root) + "\n";
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!is_needed(i, root)) continue;
      grammar_ += rule(i) + " ::= " + body(i) + "\n";
    }
    grammar_ += extra_;
    write_terminals();
    return grammar_;
  }

 private:
  static std::string rule(std::size_t node) { return "schema-" + std::to_string(node); }

  /// A document's definitions may be wrong for a grammar and never referred to; nodes are few, so no index is
  /// kept.
  bool is_needed(std::size_t node, std::size_t root) {
    if (needed_.empty()) need(root);
    return needed_.contains(node);
  }
  void need(std::size_t index) {
    if (!needed_.insert(index).second) return;
    const SchemaNode& node = nodes_[index];
    for (const std::size_t child : node.children) need(child);
    for (const Property& property : node.properties) need(property.schema);
    if (node.others) need(*node.others);
  }

  std::string body(std::size_t index) {
    const SchemaNode& node = nodes_[index];
    switch (node.kind) {
      case Kind::anything:
        return "value";
      case Kind::literals:
        return literals(node);
      case Kind::alternatives:
      case Kind::reference:
        return alternatives(node);
      case Kind::object:
        return object(index);
      case Kind::array:
        return array(node);
      case Kind::string:
        return R"("\"" )" + repeated("char", node.least, node.most) + R"( "\"")";
      case Kind::number:
        return number(node);
      case Kind::integer:
        return integer(node);
      case Kind::boolean:
        return R"("true" | "false")";
      case Kind::null:
        return R"("null")";
    }
    return {};
  }

  static std::string literals(const SchemaNode& node) {
    std::string body;
    for (const std::string& literal : node.literals)
      body += (body.empty() ? "" : " | ") + gbnf_literal(literal);
    return body;
  }

  static std::string alternatives(const SchemaNode& node) {
    std::string body;
    for (const std::size_t child : node.children) body += (body.empty() ? "" : " | ") + rule(child);
    return body;
  }

  static std::string array(const SchemaNode& node) {
    if (node.most == 0) return R"("[]")";
    const std::string item = rule(*node.others);
    const std::size_t more_least = node.least > 0 ? node.least - 1 : 0;
    const std::optional<std::size_t> more_most = node.most ? std::optional(*node.most - 1) : std::nullopt;
    std::string items = item;
    if (more_most != 0)
      items.append(" ").append(repeated("(\",\" space " + item + ")", more_least, more_most));
    return node.least > 0 ? R"("[" )" + items + R"( "]")" : R"("[" ()" + items + R"()? "]")";
  }

  std::string object(std::size_t index) {
    const SchemaNode& node = nodes_[index];
    std::string required;
    std::vector<std::string> optional;
    for (const Property& property : node.properties) {
      const std::string member = member_name(property.name) + rule(property.schema);
      if (!property.is_required) {
        optional.push_back(member);
      } else {
        required += (required.empty() ? "" : R"( "," space )") + member;
      }
    }
    if (node.others) optional.push_back("string \":\" space " + rule(*node.others));
    if (optional.empty()) return R"("{" )" + required + R"( "}")";
    const bool is_exact = optional.size() <= kExactOptional && !node.others;
    const std::string rest =
        is_exact ? subsets(index, optional) : any_of(index, optional, node.others.has_value());
    if (!required.empty()) return R"("{" )" + required + " " + rest + R"(-more "}")";
    return R"("{" )" + rest + R"(-first? "}")";
  }

  /// Rules for the optional members that are left, one for each set of them, so that none comes twice.
  /// Returns the name of the whole set's; `-first` begins with a member, `-more` with a comma or nothing.
  std::string subsets(std::size_t index, const std::vector<std::string>& members) {
    const auto name = [&](std::size_t set) { return rule(index) + "-left-" + std::to_string(set); };
    const std::size_t all = (std::size_t{1} << members.size()) - 1;
    for (std::size_t set = 1; set <= all; ++set) {
      std::string first;
      for (std::size_t i = 0; i < members.size(); ++i) {
        const std::size_t member = std::size_t{1} << i;
        if ((set & member) == 0) continue;
        first += (first.empty() ? "" : " | ") + members[i];
        if (set != member) first.append(" ").append(name(set & ~member)).append("-more");
      }
      extra_ += name(set) + "-first ::= " + first + "\n";
      extra_ += name(set) + "-more ::= (\",\" space " + name(set) + "-first)?\n";
    }
    return name(all);
  }

  std::string any_of(std::size_t index, const std::vector<std::string>& members, bool is_free) {
    std::string name = rule(index) + "-any";
    std::string one;
    for (const std::string& member : members) one += (one.empty() ? "" : " | ") + member;
    const std::string count = is_free ? "*" : "{0," + std::to_string(members.size()) + "}";
    const std::string later = is_free ? "*" : "{0," + std::to_string(members.size() - 1) + "}";
    extra_ += name + " ::= " + one + "\n";
    extra_ += name + "-first ::= " + name + " (\",\" space " + name + ")" + later + "\n";
    extra_ += name + "-more ::= (\",\" space " + name + ")" + count + "\n";
    return name;
  }

  static std::string number(const SchemaNode& node) {
    const bool is_only_signed =
        !node.maximum && (!node.minimum || (node.minimum == 0.0 && !node.excludes_minimum));
    if (!is_only_signed) {
      throw ModelError(
          "JSON schema, at " + node.where +
          ": of a number's bounds only `minimum: 0` can be held to; use an integer or leave them out");
    }
    const std::string digits = R"(("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?)";
    return node.minimum ? digits : R"("-"? )" + digits;
  }

  static std::string integer(const SchemaNode& node) {
    std::optional<std::int64_t> low, high;
    if (node.minimum && *node.minimum > -kExactInteger) {
      const double least = std::ceil(std::min(*node.minimum, kExactInteger));
      low = static_cast<std::int64_t>(least) + (node.excludes_minimum && least == *node.minimum ? 1 : 0);
    }
    if (node.maximum && *node.maximum < kExactInteger) {
      const double most = std::floor(std::max(*node.maximum, -kExactInteger));
      high = static_cast<std::int64_t>(most) - (node.excludes_maximum && most == *node.maximum ? 1 : 0);
    }
    std::string range = integer_range_gbnf(low, high);
    if (range.empty())
      throw ModelError("JSON schema, at " + node.where + ": no integer is within the bounds");
    return range;
  }

  void write_terminals() {
    // Rules nobody refers to cost a copy for every request.
    const auto is_used = [&](std::string_view name) { return grammar_.find(name) != std::string::npos; };
    const bool has_value = is_used(" value\n");
    if (has_value) {
      grammar_ +=
          "value ::= object | array | string | number | \"true\" | \"false\" | \"null\"\n"
          "object ::= \"{\" (string \":\" space value (\",\" space string \":\" space value)*)? \"}\"\n"
          "array ::= \"[\" (value (\",\" space value)*)? \"]\"\n"
          "number ::= " +
          number({}) + "\n";
    }
    if (has_value || is_used("string ")) grammar_ += "string ::= \"\\\"\" char* \"\\\"\"\n";
    // Any character but quotes, backslashes, control characters and what is none (surrogates, beyond
    // U+10FFFF).
    if (is_used("char"))
      grammar_ += R"(char ::= [^"\\\x00-\x1F\uD800-\uDFFF\U00110000-\U001FFFFF] | "\\" (["\\/bfnrt] | )"
                  R"("u" ([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2})))"
                  "\n";
    if (is_used(" space")) grammar_ += "space ::= \" \"?\n";
  }

  const std::vector<SchemaNode>& nodes_;
  std::string grammar_;
  std::string extra_;  // rules that a node needs beside its own
  std::set<std::size_t> needed_;
};

}  // namespace

std::string to_gbnf(const JsonSchema& schema) {
  return GrammarWriter(schema).write(schema.root());
}

}  // namespace slm::output
