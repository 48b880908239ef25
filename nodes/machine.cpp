#include "nodes/machine.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

namespace slm {
namespace {

namespace fs = std::filesystem;

std::string word_in(const fs::path& file) {
  std::string word;
  std::ifstream{file} >> word;
  return word;
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::uint64_t number = 0;
  if (std::ifstream{file} >> number) return number;
  return std::nullopt;
}

/// The number after the first such word, as in `MemAvailable: 123 kB`.
std::optional<std::uint64_t> number_after(const std::string& word, const fs::path& file) {
  std::ifstream lines{file};
  std::string found;
  std::uint64_t number = 0;
  while (lines >> found)
    if (found == word && lines >> number) return number;
  return std::nullopt;
}

/// Folders of the machine's own supplies.
std::vector<fs::path> supplies_in(const fs::path& folder) {
  std::vector<fs::path> supplies;
  std::error_code error;
  for (const auto& supply : fs::directory_iterator{folder, error})
    if (word_in(supply.path() / "scope") != "Device")  // of a mouse or the like
      supplies.push_back(supply.path());
  return supplies;
}

bool is_battery(const fs::path& supply) {
  const auto type = word_in(supply / "type");
  return type == "Battery" || type == "UPS";
}

/// The control group of this process; empty where Linux does not tell.
std::string own_group(const fs::path& proc) {
  std::ifstream lines{proc / "self" / "cgroup"};
  constexpr std::string_view kUnified = "0::/";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(kUnified)) return line.substr(kUnified.size());
  return {};
}

/// What a group may still take; empty where nothing bounds it.
std::optional<std::uint64_t> left_in(const fs::path& group) {
  const auto most = number_in(group / "memory.max");
  const auto taken = number_in(group / "memory.current");
  if (!most || !taken) return std::nullopt;
  const std::uint64_t files = number_after("file", group / "memory.stat").value_or(0);
  const std::uint64_t needed = *taken - std::min(files, *taken);
  return *most - std::min(needed, *most);
}

}  // namespace

bool is_on_mains(const fs::path& supplies) {
  bool has_line = false, is_discharged = false;
  for (const auto& supply : supplies_in(supplies)) {
    if (is_battery(supply)) {
      is_discharged |= word_in(supply / "status") == "Discharging";
    } else {
      const auto online = word_in(supply / "online");
      if (!online.empty() && online != "0") return true;
      has_line = true;
    }
  }
  return !has_line && !is_discharged;
}

std::optional<double> battery_percent(const fs::path& supplies) {
  double sum = 0;
  int batteries = 0;
  for (const auto& supply : supplies_in(supplies)) {
    const auto percent = is_battery(supply) ? number_in(supply / "capacity") : std::nullopt;
    if (!percent) continue;
    sum += static_cast<double>(*percent);
    ++batteries;
  }
  return batteries > 0 ? std::optional{sum / batteries} : std::nullopt;
}

std::optional<std::uint64_t> available_memory(const fs::path& proc, const fs::path& cgroups) {
  constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t least = kNone;
  if (const auto kilobytes = number_after("MemAvailable:", proc / "meminfo")) least = *kilobytes * 1024;
  const std::string own = own_group(proc);
  for (fs::path group = own;; group = group.parent_path()) {  // each bounds those within it
    if (const auto left = left_in(cgroups / group)) least = std::min(least, *left);
    if (group.empty()) break;
  }
  return least == kNone ? std::nullopt : std::optional{least};
}

}  // namespace slm
