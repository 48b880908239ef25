#pragma once

#include "graph/graph.h"

namespace slm {

/// Bytes of a prompt that are taken for a token where nobody counts them: about right for English.
inline constexpr int kBytesPerToken = 4;

/// For `GraphOptions::wrap`: nothing is sent to remote models. In their place are some that at once say
/// nothing and bring no evidence, so that gates escalate, and that count as if each answer were as long as it
/// may be.
decltype(GraphOptions::wrap) leaving_remote_unasked();

}  // namespace slm
