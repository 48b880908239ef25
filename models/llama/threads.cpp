#include "models/llama/threads.h"

#include <algorithm>
#include <thread>

namespace slm::llama {
namespace {

// Threads pay when a step takes much longer than waking them, some ten microseconds for each layer's
// operations. They wait for each other by spinning, so one processor is left to the rest of the program:
// with all of them taken, a step waits for whatever else runs there.
int sensible_threads(std::uint64_t parameters) {
  const int spare = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1);
  if (parameters < 30'000'000) return 1;
  if (parameters < 200'000'000) return std::min(spare, 4);
  return spare;
}

}  // namespace

int decoding_threads(std::uint64_t parameters, const LlamaOptions& options) {
  return options.threads > 0 ? options.threads : sensible_threads(parameters);
}

}  // namespace slm::llama
