#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slm::aggregate {

/// What something costs from when on, as a CSV file tells: the header `from,price`, and lines such as
/// `2026-11-23T22:00+01:00,0.071`. A price holds until the next line's time; the last one as long as the one
/// before.
class Prices {
 public:
  /// Throws std::runtime_error with the file's name, and where it can be told the line.
  static Prices read(const std::filesystem::path& file);

  /// Empty before the first and after the last.
  std::optional<double> at(std::chrono::sys_seconds moment) const;

 private:
  struct Price {
    std::chrono::sys_seconds from;
    double price = 0;
  };
  std::vector<Price> prices_;  ///< at least two
};

}  // namespace slm::aggregate
