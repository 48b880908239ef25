#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/input/input_files.h"

namespace slm::runtime {

/// Lines drawn from an input.
struct Sample {
  std::vector<InputItem> lines;  ///< that can be read as requests
  std::size_t unread = 0;        ///< that were drawn and cannot
  std::uint64_t total = 0;       ///< lines of the input
};

/// Reads all of the input and draws `size` of its lines, or all that there are, each as likely as any other
/// (Vitter 1985, algorithm R). `total` is counted up as it reads, for others to look at. Throws InputError.
Sample draw_sample(InputFiles& input, std::size_t size, std::uint64_t seed,
                   std::atomic<std::uint64_t>& total);

}  // namespace slm::runtime
