#include "nodes/restore.h"

#include <algorithm>
#include <ranges>

#include "graph/pipeline.h"
#include "nodes/redaction/reach.h"
#include "nodes/redaction/restoration.h"

namespace slm {
namespace {

constexpr std::string_view kRedact = "redact", kRestore = "restore";

std::size_t position(const PipelineSpec& spec, const NodeSpec& node) {
  return static_cast<std::size_t>(&node - spec.nodes.data());
}

bool does_reach(const PipelineSpec& spec, std::size_t redact, std::size_t restore) {
  return redaction::nodes_with_values_of(spec, redact)[restore];
}

bool comes_after(const PipelineSpec& spec, std::size_t first, std::size_t then) {
  return redaction::nodes_after(spec, first)[then];
}

std::vector<std::size_t> redacts_before(const PipelineSpec& spec, std::size_t node) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < spec.nodes.size(); ++i)
    if (spec.nodes[i].type->name == kRedact && comes_after(spec, i, node)) found.push_back(i);
  return found;
}

std::string left_behind(const NodeSpec& redact, const NodeSpec& restore) {
  return "the values of redact `" + redact.name + "` do not come to restore `" + restore.name +
         "`: they are left behind where a message goes back to the process that sent it, and where a join "
         "gathers the branches of a fork; expected `restore` before that";
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
  const std::size_t here = position(spec, restore);
  // A node that no message reaches is a mistake of its own.
  if (here != spec.entry && !comes_after(spec, spec.entry, here)) return;
  const std::vector<std::size_t> redacts = redacts_before(spec, here);
  if (redacts.empty())
    return context.problem(restore.place, "no `redact` comes before restore `" + restore.name +
                                              "`; expected one, whose values it puts back");
  if (std::ranges::any_of(redacts, [&](std::size_t redact) { return does_reach(spec, redact, here); }))
    return;
  const auto beside = std::ranges::find_if(
      redacts, [&](std::size_t one) { return spec.nodes[one].process == restore.process; });
  if (beside != redacts.end())
    return context.problem(restore.place, left_behind(spec.nodes[*beside], restore));
  const NodeSpec& redact = spec.nodes[redacts.front()];
  context.problem(restore.place, "restore `" + restore.name + "` lives in process `" + restore.process +
                                     "`, and the values of redact `" + redact.name +
                                     "` never leave process `" + redact.process + "`; expected both in one");
}

void put_values_back(Message& message) {
  if (!message.kept_values) return;
  const redaction::Restoration restoration{*message.kept_values};
  restoration.apply(message.answer.text);
  restoration.apply(message.request.text);
  for (auto& [name, value] : message.request.fields) restoration.apply(value);
}

bool is_restored_after(const PipelineSpec& spec, std::size_t node) {
  const std::vector<bool> is_after = redaction::nodes_after(spec, node);
  for (std::size_t i = 0; i < spec.nodes.size(); ++i)
    if (is_after[i] && spec.nodes[i].type->name == kRestore) return true;
  return false;
}

void check_restored(CheckContext& context) {
  const PipelineSpec& spec = context.pipeline();
  const NodeSpec& redact = context.node();
  const std::size_t here = position(spec, redact);
  const NodeSpec* missed = nullptr;
  for (const NodeSpec& restore : spec.nodes) {
    const std::size_t there = position(spec, restore);
    if (restore.type->name != kRestore || restore.process != redact.process ||
        !comes_after(spec, here, there))
      continue;
    if (does_reach(spec, here, there)) return;
    // Where no values come to it at all, it reports that itself.
    const std::vector<std::size_t> redacts = redacts_before(spec, there);
    if (std::ranges::any_of(redacts, [&](std::size_t other) { return does_reach(spec, other, there); }))
      missed = &restore;
  }
  if (missed != nullptr) context.problem(redact.place, left_behind(redact, *missed));
}

}  // namespace slm
