#include "nodes/restore.h"

#include "graph/pipeline.h"
#include "nodes/redaction/placeholders.h"
#include "nodes/redaction/reach.h"

namespace slm {
namespace {

constexpr const char* kInSameProcess =
    " in the same process and the same fork, since values never cross a link, and are left behind where a "
    "message goes back to the process that sent it, and where a join gathers branches";

std::size_t position(const PipelineSpec& spec, const NodeSpec& node) {
  return static_cast<std::size_t>(&node - spec.nodes.data());
}

bool is_redact(const NodeSpec& node) {
  return node.type->name == "redact";
}

bool is_restore(const NodeSpec& node) {
  return node.type->name == "restore";
}

}  // namespace

Fields<RestoreOptions> RestoreOptions::fields() {
  return Fields<RestoreOptions>{}.optional("to", &RestoreOptions::to,
                                           "next node; left out, the message is answered");
}

RestoreNode::RestoreNode(RestoreOptions options, const NodeContext& /*context*/)
    : options_{std::move(options)} {}

Exit RestoreNode::process(Message& message) {
  put_values_back(message);
  return options_.to;
}

void RestoreNode::check(const RestoreOptions& /*options*/, CheckContext& context) {
  const PipelineSpec& spec = context.pipeline();
  const NodeSpec& restore = context.node();
  const redaction::Reach reach = redaction::reach_of_values(spec, is_redact)[position(spec, restore)];
  // A node that no message reaches is a mistake of its own.
  if (reach.is_reached && !reach.has_values)
    context.problem(restore.place, "no values come to restore `" + restore.name +
                                       "`; expected a `redact` before it" + kInSameProcess);
}

void put_values_back(Message& message) {
  if (!message.kept_values) return;
  const redaction::Placeholders placeholders{*message.kept_values};
  const auto rewrite = [&](std::string_view piece, bool is_whole) {
    return placeholders.find(piece, is_whole);
  };
  redaction::rewrite_pieces(message.answer.text, rewrite);
  redaction::rewrite_pieces(message.request.text, rewrite);
  for (auto& [name, value] : message.request.fields) redaction::rewrite_pieces(value, rewrite);
}

bool is_restored_after(const PipelineSpec& spec, std::size_t node) {
  const std::vector<bool> is_after = redaction::nodes_after(spec, node);
  for (std::size_t i = 0; i < spec.nodes.size(); ++i)
    if (is_after[i] && is_restore(spec.nodes[i])) return true;
  return false;
}

void check_restored(CheckContext& context) {
  const PipelineSpec& spec = context.pipeline();
  const NodeSpec& redact = context.node();
  const std::size_t here = position(spec, redact);
  if (!is_restored_after(spec, here)) return;
  const std::vector<bool> is_after = redaction::nodes_after(spec, here);
  const auto values = redaction::reach_of_values(spec, is_redact);
  const auto own = redaction::reach_of_values(spec, [&](const NodeSpec& node) { return &node == &redact; });
  const NodeSpec* missed = nullptr;
  for (const NodeSpec& restore : spec.nodes) {
    const std::size_t there = position(spec, restore);
    if (!is_restore(restore) || !is_after[there] || restore.process != redact.process) continue;
    if (own[there].has_values) return;
    // Where no values come to it at all, it reports that itself.
    if (values[there].has_values) missed = &restore;
  }
  if (missed != nullptr)
    context.problem(redact.place, "the values of redact `" + redact.name + "` do not come to restore `" +
                                      missed->name + "`; expected a `restore`" + kInSameProcess);
}

}  // namespace slm
