#pragma once

#include <memory>

#include "graph/graph.h"
#include "models/replay/recorder.h"

namespace slm {

/// For `GraphOptions::wrap`: records the calls of every model of ours. Models of other kinds stay as they
/// are.
decltype(GraphOptions::wrap) recording(std::shared_ptr<replay::Recorder> recorder);

}  // namespace slm
