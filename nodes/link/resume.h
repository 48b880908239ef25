#pragma once

#include <functional>

#include "graph/graph.h"
#include "nodes/link/custody.h"

namespace slm::link {

/// Lets in what earlier runs left in a spool, where it was going; returns when all of it is on its way.
/// `wanted` says which messages, and may set what a process does not keep of them; others are forgotten.
void resume(Custody& custody, Graph& graph, const std::function<bool(Message&)>& wanted,
            const std::function<Engine::Callback(const Message&)>& callback);

}  // namespace slm::link
