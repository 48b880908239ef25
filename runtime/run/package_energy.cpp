#include "runtime/run/package_energy.h"

#include <pthread.h>

#include <chrono>
#include <fstream>
#include <string>
#include <system_error>

namespace slm::runtime {
namespace {

/// The smallest counters hold 65 kJ: two minutes of the largest packages.
constexpr std::chrono::seconds kBetweenReadings{30};

template <class T>
std::optional<T> read(const std::filesystem::path& file) {
  T value{};
  if (std::ifstream stream{file}; stream >> value) return value;
  return std::nullopt;
}

/// Whole packages alone: their parts are within them, `psys` is around them, and `intel-rapl-mmio` counts the
/// same once more.
bool is_package(const std::filesystem::path& zone) {
  constexpr std::string_view kPrefix = "intel-rapl:";
  const std::string name = zone.filename().string();
  return name.starts_with(kPrefix) && name.find(':', kPrefix.size()) == std::string::npos &&
         read<std::string>(zone / "name").value_or("").starts_with("package");
}

}  // namespace

PackageEnergy::PackageEnergy(const std::filesystem::path& powercap) {
  std::error_code error;
  for (const auto& zone : std::filesystem::directory_iterator{powercap, error}) {
    if (!is_package(zone)) continue;
    const auto counter = zone.path() / "energy_uj";
    const auto range = read<std::uint64_t>(zone.path() / "max_energy_range_uj");
    const auto now = read<std::uint64_t>(counter);
    is_known_ &= range && now;
    packages_.push_back({counter, range.value_or(0), now.value_or(0)});
  }
  is_known_ &= !packages_.empty();
  if (!is_known_) return;
  reader_ = std::jthread{[this](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "slm-energy");
    std::unique_lock lock{mutex_};
    while (!ending_.wait_for(lock, stop, kBetweenReadings, [&] { return stop.stop_requested(); })) add_up();
  }};
}

void PackageEnergy::add_up() {
  for (Package& package : packages_) {
    const auto now = read<std::uint64_t>(package.counter);
    if (!now) {
      is_known_ = false;
      return;
    }
    drawn_uj_ += *now - package.last_uj + (*now < package.last_uj ? package.range_uj : 0);
    package.last_uj = *now;
  }
}

std::optional<double> PackageEnergy::joules() {
  const std::lock_guard lock{mutex_};
  if (is_known_) add_up();
  if (!is_known_) return std::nullopt;
  return static_cast<double>(drawn_uj_) / 1e6;
}

}  // namespace slm::runtime
