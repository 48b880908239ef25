#pragma once

namespace slm {

/// Makes the node types and backends of this library known. The first call works, the others do nothing.
/// Always true, so that it can start a static.
bool register_builtin_nodes();

}  // namespace slm
