#include "nodes/aggregate/mains.h"

#include <fstream>
#include <string>
#include <system_error>

namespace slm::aggregate {
namespace {

std::string word_in(const std::filesystem::path& file) {
  std::string word;
  std::ifstream{file} >> word;
  return word;
}

}  // namespace

bool is_on_mains(const std::filesystem::path& supplies) {
  bool has_line = false, is_discharged = false;
  std::error_code error;
  for (const auto& supply : std::filesystem::directory_iterator{supplies, error}) {
    const auto& folder = supply.path();
    if (word_in(folder / "scope") == "Device") continue;  // of a mouse or the like
    const auto type = word_in(folder / "type");
    if (type == "Battery" || type == "UPS") {
      is_discharged |= word_in(folder / "status") == "Discharging";
    } else {
      const auto online = word_in(folder / "online");
      if (!online.empty() && online != "0") return true;
      has_line = true;
    }
  }
  return !has_line && !is_discharged;
}

}  // namespace slm::aggregate
