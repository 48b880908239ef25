#include <array>

#include "runtime/draw/drawing.h"
#include "runtime/draw/escaped.h"

namespace slm::runtime {
namespace {

std::string dot_text(std::string_view text) {
  constexpr std::array<std::pair<char, std::string_view>, 2> kReplacements = {
      {{'"', "\\\""}, {'\\', "\\\\"}}};
  return escaped(text, kReplacements);
}

void add_boxes(std::string& text, const Drawing& drawing, std::string_view process, std::string_view indent) {
  for (std::size_t i = 0; i < drawing.boxes.size(); ++i) {
    const auto& box = drawing.boxes[i];
    if (box.process != process) continue;
    text.append(indent).append(id_of(i)).append(" [label=\"").append(dot_text(box.title));
    if (!box.ending) text.append("\\n").append(dot_text(box.subtitle));
    text.append(box.ending ? "\", style=rounded];\n" : "\"];\n");
  }
}

}  // namespace

std::string to_dot(const Drawing& drawing) {
  std::string text = "digraph \"" + dot_text(drawing.name) + "\" {\n";
  text.append("  rankdir=LR;\n  node [shape=box, fontname=sans];\n  edge [fontname=sans, fontsize=10];\n");
  for (std::size_t i = 0; i < drawing.processes.size(); ++i) {
    const auto& process = drawing.processes[i];
    text.append("  subgraph cluster_").append(std::to_string(i));
    text.append(" {\n    label=\"").append(dot_text(process)).append("\";\n");
    add_boxes(text, drawing, process, "    ");
    text.append("  }\n");
  }
  add_boxes(text, drawing, "", "  ");
  for (const auto& arrow : drawing.arrows) {
    text.append("  ").append(id_of(arrow.from)).append(" -> ").append(id_of(arrow.to));
    text.append(" [label=\"").append(dot_text(arrow.label));
    text.append(arrow.is_link ? "\", style=dashed];\n" : "\"];\n");
  }
  return text.append("}\n");
}

}  // namespace slm::runtime
