#include "nodes/redact.h"

#include <algorithm>
#include <set>

#include "graph/pipeline.h"
#include "nodes/redaction/characters.h"
#include "nodes/redaction/placeholders.h"
#include "nodes/restore.h"

namespace slm {
namespace {

std::string_view name_of(redaction::ValueKind kind) {
  for (const auto& [name, value] : EnumNames<redaction::ValueKind>::names)
    if (value == kind) return name;
  return {};
}

bool is_name(std::string_view text) {
  return !text.empty() && redaction::is_letter(text.front()) && std::ranges::all_of(text, redaction::is_word);
}

/// `names`: those that placeholders have so far.
void check_name(const std::string& name, std::set<std::string>& names, CheckContext& context) {
  const NodeSpec& node = context.node();
  const std::string pattern = "pattern `" + name + "` of redact `" + node.name + "`: ";
  if (!is_name(name))
    context.problem(node.place, pattern + "expected letters, digits and underscores, with a letter first");
  else if (!names.insert(redaction::canonical(name)).second)
    context.problem(node.place, pattern +
                                    "its placeholders could not be told from those of another one; "
                                    "expected another name");
}

}  // namespace

Fields<RedactOptions> RedactOptions::fields() {
  return Fields<RedactOptions>{}
      .optional("kinds", &RedactOptions::kinds, "kinds of values that are taken out, known by their form")
      .optional("patterns", &RedactOptions::patterns,
                "more of them: a regular expression of RE2 by the name that its placeholders have")
      .optional("fields", &RedactOptions::fields_named,
                "fields of the request that are looked through too; left out, all of them")
      .optional("to", &RedactOptions::to, "next node; left out, the message is answered");
}

RedactNode::RedactNode(RedactOptions options, const NodeContext& /*context*/) : options_{std::move(options)} {
  for (const redaction::ValueKind kind : options_.kinds)
    matchers_.push_back({redaction::canonical(name_of(kind)),
                         [kind](std::string_view text) { return redaction::find(kind, text); }});
  for (const auto& entry : options_.patterns)
    matchers_.push_back({redaction::canonical(entry.first),
                         [pattern = entry.second](std::string_view text) { return pattern.find(text); }});
}

bool RedactNode::is_meant(const std::string& field) const {
  return !options_.fields_named || std::ranges::count(*options_.fields_named, field) > 0;
}

Exit RedactNode::process(Message& message) {
  redaction::Redaction redaction{matchers_, message};
  redaction.apply(message.request.text);
  // What an earlier tier has said goes along with the request.
  redaction.apply(message.answer.text);
  for (auto& [name, value] : message.request.fields)
    if (is_meant(name)) redaction.apply(value);
  message.kept_values = std::move(redaction).kept();
  return options_.to;
}

void RedactNode::check(const RedactOptions& options, CheckContext& context) {
  const NodeSpec& node = context.node();
  if (options.kinds.empty() && options.patterns.empty())
    context.problem(node.place,
                    "redact `" + node.name + "` looks for nothing; expected `kinds`, `patterns` or both");
  std::set<std::string> names;
  for (const redaction::ValueKind kind : options.kinds) {
    if (!names.insert(redaction::canonical(name_of(kind))).second)
      context.problem(node.place, "`kinds` of redact `" + node.name + "` names `" +
                                      std::string{name_of(kind)} + "` twice");
  }
  for (const auto& [name, pattern] : options.patterns) check_name(name, names, context);
  check_restored(context);
}

}  // namespace slm
