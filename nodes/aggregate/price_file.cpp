#include "nodes/aggregate/price_file.h"

#include <stdexcept>
#include <system_error>

namespace slm::aggregate {

PriceFile::PriceFile(std::filesystem::path file, std::function<void(const std::string&)> log)
    : file_{std::move(file)}, log_{std::move(log)}, read_{state()}, prices_{Prices::read(file_)} {}

PriceFile::State PriceFile::state() const {
  std::error_code ignored;  // a file that is gone differs from one that is there
  return {std::filesystem::last_write_time(file_, ignored), std::filesystem::file_size(file_, ignored)};
}

std::optional<double> PriceFile::at(std::chrono::sys_seconds moment) {
  if (const auto now = state(); now != read_) {
    read_ = now;
    try {
      prices_ = Prices::read(file_);
    } catch (const std::runtime_error& error) {
      log_(std::string{error.what()} + "; the prices from before go on");
    }
  }
  const auto price = prices_.at(moment);
  if (!price && !is_told_)
    log_(file_.string() + " has no price for now; where one is needed, nothing is let go");
  is_told_ = !price;
  return price;
}

}  // namespace slm::aggregate
