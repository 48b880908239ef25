#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slm::ngram {

/// XXH64 of the bytes (specification: xxHash fast digest algorithm 0.2.0, seed 0). Any thread.
std::uint64_t xxhash64(std::span<const std::byte> bytes);

}  // namespace slm::ngram
