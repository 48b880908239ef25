#pragma once

#include <filesystem>

namespace slm::aggregate {

inline constexpr const char* kPowerSupplies = "/sys/class/power_supply";

/// Whether the machine has power from a line, by what Linux tells of its supplies in this folder. A machine
/// that has none to tell of, such as a server, is on mains; so is one with a battery alone that is not
/// discharged.
bool is_on_mains(const std::filesystem::path& supplies = kPowerSupplies);

}  // namespace slm::aggregate
