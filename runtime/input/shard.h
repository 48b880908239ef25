#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slm::runtime {

/// One of `count` equal parts of an input: every request whose running number, from 0 over all files, leaves
/// `index` when divided by `count`. Neighbours go to different shards, since long requests often stand
/// together.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  bool holds(std::uint64_t number) const { return number % count == index; }

  /// Reads `I/N` with I below N, such as 0/8; empty where it is anything else.
  static std::optional<Shard> parse(std::string_view text) {
    Shard shard;
    const char* end = text.data() + text.size();
    const auto [slash, error] = std::from_chars(text.data(), end, shard.index);
    if (error != std::errc{} || slash == end || *slash != '/') return std::nullopt;
    const auto [rest, second] = std::from_chars(slash + 1, end, shard.count);
    if (second != std::errc{} || rest != end || shard.index >= shard.count) return std::nullopt;
    return shard;
  }
};

}  // namespace slm::runtime
