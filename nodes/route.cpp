#include "nodes/route.h"

#include <stdexcept>

#include "graph/pipeline.h"
#include "nodes/upstream_evidence.h"

namespace slm {

RouteKey RouteKey::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "fields.";
  if (text == "label") return {};
  if (text.starts_with(kPrefix) && text.size() > kPrefix.size())
    return {std::string{text.substr(kPrefix.size())}};
  throw std::invalid_argument("`" + std::string{text} + "` is nothing to route by; expected " +
                              std::string{kExpected});
}

Fields<RouteOptions> RouteOptions::fields() {
  return Fields<RouteOptions>{}
      .required("by", &RouteOptions::by, "`label`, or `fields.NAME` for a field of the request")
      .required("cases", &RouteOptions::cases, "next node for each value")
      .optional("otherwise", &RouteOptions::otherwise,
                "next node for other values; left out, the message is abstained");
}

RouteNode::RouteNode(RouteOptions options, const NodeContext& /*context*/) : options_{std::move(options)} {}

const std::string* RouteNode::value_of(const Message& message) const {
  if (options_.by.field.empty()) return &message.answer.label;
  const auto field = message.request.fields.find(options_.by.field);
  return field == message.request.fields.end() ? nullptr : &field->second;
}

Exit RouteNode::process(Message& message) {
  const std::string* value = value_of(message);
  if (!value) return options_.otherwise;
  // A handful of cases: looking through them beats hashing.
  for (const auto& [name, port] : options_.cases) {
    if (name == *value) return port;
  }
  return options_.otherwise;
}

void RouteNode::check(const RouteOptions& options, CheckContext& context) {
  if (options.cases.empty())
    context.problem(context.node().place,
                    "`cases` of node `" + context.node().name + "` is empty; expected a value and its node");
  if (!options.by.field.empty()) return;
  for (const auto& [label, port] : options.cases) check_label(label, context.node().place, context);
}

}  // namespace slm
