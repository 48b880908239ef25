#include "runtime/draw/drawing.h"

#include <map>

namespace slm::runtime {
namespace {

std::string subtitle_of(const NodeSpec& node) {
  std::string text = node.type->name;
  for (const auto& model : node.models) text += (&model == &node.models.front() ? ": " : ", ") + model;
  return text;
}

}  // namespace

Drawing drawing_of(const PipelineSpec& spec) {
  Drawing drawing;
  drawing.name = spec.name;
  for (const ProcessSpec& process : spec.processes) drawing.processes.push_back(process.name);
  for (const NodeSpec& node : spec.nodes)
    drawing.boxes.push_back({node.name, subtitle_of(node), node.process, std::nullopt});

  std::map<OutcomeKind, std::size_t> endings;
  for (std::size_t from = 0; from < spec.nodes.size(); ++from) {
    const auto& ports = spec.nodes[from].ports;
    for (const PortSpec& port : ports) {
      const auto label = ports.size() > 1 ? port.name : "";
      for (const std::size_t to : port.targets)
        drawing.arrows.push_back({from, to, label, spec.nodes[from].process != spec.nodes[to].process});
      if (!port.targets.empty()) continue;
      const auto [ending, is_new] = endings.emplace(port.when_open, drawing.boxes.size());
      if (is_new) drawing.boxes.push_back({std::string{to_string(port.when_open)}, "", "", port.when_open});
      drawing.arrows.push_back({from, ending->second, label, false});
    }
  }
  return drawing;
}

}  // namespace slm::runtime
