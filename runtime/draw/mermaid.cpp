#include <array>

#include "runtime/draw/drawing.h"
#include "runtime/draw/escaped.h"

namespace slm::runtime {
namespace {

std::string mermaid_text(std::string_view text) {
  constexpr std::array<std::pair<char, std::string_view>, 4> kReplacements = {
      {{'"', "#quot;"}, {'<', "#lt;"}, {'>', "#gt;"}, {'#', "#35;"}}};
  return escaped(text, kReplacements);
}

void add_box(std::string& text, const Drawing::Box& box, std::size_t index) {
  text.append(id_of(index)).append(box.ending ? "([\"" : "[\"").append(mermaid_text(box.title));
  if (!box.ending) text.append("<br/><small>").append(mermaid_text(box.subtitle)).append("</small>");
  text.append(box.ending ? "\"])\n" : "\"]\n");
}

void add_boxes(std::string& text, const Drawing& drawing, std::string_view process, std::string_view indent) {
  for (std::size_t i = 0; i < drawing.boxes.size(); ++i) {
    if (drawing.boxes[i].process != process) continue;
    text.append(indent);
    add_box(text, drawing.boxes[i], i);
  }
}

}  // namespace

std::string to_mermaid(const Drawing& drawing) {
  std::string text = "flowchart LR\n";
  for (std::size_t i = 0; i < drawing.processes.size(); ++i) {
    const auto& process = drawing.processes[i];
    text.append("  subgraph p").append(std::to_string(i));
    text.append(" [\"").append(mermaid_text(process)).append("\"]\n");
    add_boxes(text, drawing, process, "    ");
    text.append("  end\n");
  }
  add_boxes(text, drawing, "", "  ");
  for (const auto& arrow : drawing.arrows) {
    text.append("  ").append(id_of(arrow.from)).append(arrow.is_link ? " -.->" : " -->");
    if (!arrow.label.empty()) text.append("|\"").append(mermaid_text(arrow.label)).append("\"|");
    text.append(" ").append(id_of(arrow.to)).append("\n");
  }
  return text;
}

}  // namespace slm::runtime
