#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace slm::runtime {

/// A pipeline as boxes and arrows. The strings are plain text; each format escapes them its own way.
struct Drawing {
  struct Box {
    std::string title;     ///< the node's name, or how messages end there
    std::string subtitle;  ///< type and models
    std::string process;   ///< empty where the pipeline has none
    std::optional<OutcomeKind> ending;
  };
  struct Arrow {
    std::size_t from = 0;  ///< positions in `boxes`
    std::size_t to = 0;
    std::string label;     ///< the port, where the node has more than one
    bool is_link = false;  ///< from one process to another
  };

  std::string name;
  std::vector<Box> boxes;  ///< the nodes in the order of the file, then the endings that are reached
  std::vector<Arrow> arrows;
  std::vector<std::string> processes;
};

Drawing drawing_of(const PipelineSpec& spec);

std::string to_mermaid(const Drawing& drawing);
/// For Graphviz.
std::string to_dot(const Drawing& drawing);
/// Boxes in columns by their distance from the entry; needs no other program.
std::string to_svg(const Drawing& drawing);

}  // namespace slm::runtime
