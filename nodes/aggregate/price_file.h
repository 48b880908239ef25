#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "nodes/aggregate/prices.h"

namespace slm::aggregate {

/// A file of prices that is read again whenever it has changed. One thread at a time.
class PriceFile {
 public:
  /// Throws std::runtime_error for a file that cannot be read. `log` is told once of each change that cannot,
  /// and where there is no price; the prices from before go on being used.
  PriceFile(std::filesystem::path file, std::function<void(const std::string&)> log);

  std::optional<double> at(std::chrono::sys_seconds moment);
  std::string name() const { return file_.filename().string(); }

 private:
  /// By which a change is noticed.
  using State = std::pair<std::filesystem::file_time_type, std::uintmax_t>;
  State state() const;

  std::filesystem::path file_;
  std::function<void(const std::string&)> log_;
  State read_;
  Prices prices_;
  bool is_told_ = false;  ///< that there is no price
};

}  // namespace slm::aggregate
