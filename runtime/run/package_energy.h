#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace slm::runtime {

/// What the processor packages of this machine draw, as their own counters say (RAPL, by Linux's powercap
/// interface: admin-guide `power/powercap`). That is the whole machine's work, and neither its other parts
/// nor, on most, the memory.
///
/// Any thread; has one of its own that reads the counters before they wrap around.
class PackageEnergy {
 public:
  /// Where Linux has the counters.
  static constexpr const char* kLinux = "/sys/class/powercap";
  explicit PackageEnergy(const std::filesystem::path& powercap);

  /// Since it was made. Empty where there are no counters, or any of them cannot be read, for which the
  /// kernel wants root.
  std::optional<double> joules();

 private:
  struct Package {
    std::filesystem::path counter;
    std::uint64_t range_uj;  ///< it begins again at 0 after that
    std::uint64_t last_uj;
  };

  void add_up();

  std::mutex mutex_;
  std::condition_variable_any ending_;
  std::vector<Package> packages_;  // guarded by mutex_, as is what follows
  bool is_known_ = true;
  std::uint64_t drawn_uj_ = 0;
  std::jthread reader_;
};

}  // namespace slm::runtime
