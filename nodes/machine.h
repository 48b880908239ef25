#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

/// What the machine tells of itself, read each time. Any thread.
namespace slm {

inline constexpr const char* kPowerSupplies = "/sys/class/power_supply";

/// Whether the machine has power from a line, by what Linux tells of its supplies in this folder. A machine
/// that has none to tell of, such as a server, is on mains; so is one with a battery alone that is not
/// discharged.
bool is_on_mains(const std::filesystem::path& supplies = kPowerSupplies);

/// How full the machine's batteries are, in percent, of several their mean; empty where it has none.
std::optional<double> battery_percent(const std::filesystem::path& supplies = kPowerSupplies);

/// Bytes that may still be taken without swapping: of the machine, or of the control group (version 2) that
/// we live in, where that has less. Files that are mapped, as models are, count as free: they can be read
/// again. Empty where Linux does not tell.
std::optional<std::uint64_t> available_memory(const std::filesystem::path& proc = "/proc",
                                              const std::filesystem::path& cgroups = "/sys/fs/cgroup");

}  // namespace slm
