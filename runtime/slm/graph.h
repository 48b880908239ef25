#pragma once

/// The engine for programs that embed it: load a pipeline, make a graph of it, submit requests.
///
///     auto pipeline = slm::Pipeline::load("assistant.yaml");
///     slm::Graph graph{pipeline};
///     std::future<slm::Outcome> answer = graph.submit({.text = "play some jazz"});

#include "graph/graph.h"
#include "nodes/builtin.h"

namespace slm::detail {
// Including this header is what makes the built-in nodes known.
inline const bool has_builtin_nodes = register_builtin_nodes();
}  // namespace slm::detail
