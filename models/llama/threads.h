#pragma once

#include <cstdint>

#include "models/llama/options.h"

namespace slm::llama {

/// Threads of one decoding step of a model of that size on this machine: as the options ask, else a sensible
/// number.
int decoding_threads(std::uint64_t parameters, const LlamaOptions& options);

}  // namespace slm::llama
