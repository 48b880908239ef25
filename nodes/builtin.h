#pragma once

#include <cstdint>

namespace slm {

/// Makes the node types and backends of this library known. The first call works, the others do nothing.
/// Always true, so that it can start a static.
bool register_builtin_nodes();

/// Bytes that the models of all graphs of the program may take together, as `run --model-memory` has it; 0,
/// as at the start: as many as there are. For the time before the first graph is made. Any thread.
void set_model_memory(std::uint64_t bytes);

}  // namespace slm
