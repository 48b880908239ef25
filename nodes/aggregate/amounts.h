#pragma once

#include <cstdint>
#include <string_view>

namespace slm::aggregate {

/// `64MiB`: a whole number of B, KiB, MiB, GiB or TiB.
struct ByteCount {
  static constexpr std::string_view kExpected = "a number of bytes, such as `64MiB`";
  std::uint64_t bytes = 0;

  /// Throws std::invalid_argument, also for none.
  static ByteCount parse(std::string_view text);
};

/// `50/s`: how many in a second (s), a minute (min) or an hour (h).
struct Rate {
  static constexpr std::string_view kExpected = "a rate, such as `50/s`, `600/min` or `1000/h`";
  double per_second = 0;

  /// Throws std::invalid_argument, also for none.
  static Rate parse(std::string_view text);
};

}  // namespace slm::aggregate
