#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nodes/gate_way.h"
#include "statistics/change.h"

namespace slm {

/// What a gate that watches itself remembers, and keeps in a file.
struct GateState {
  /// What the pipeline file says; a state of another setting does not count.
  std::string confidence;  ///< the signal, and the calibration's checksum
  Bars written;            ///< bars of the file
  std::optional<double> max_error;

  Bars bars;                  ///< in force
  std::uint64_t audited = 0;  ///< since the last alarm about errors
  std::uint64_t errors = 0;   ///< of them
  std::uint64_t error_alarms = 0;
  std::uint64_t shift_alarms = 0;
  std::optional<statistics::ChangeBets> error_bets;  ///< empty: none have been made
  statistics::ShiftWatch::Memory shift;
  std::vector<std::string> alarms;  ///< as they were told, oldest first, each with its time

  bool is_of_setting(const GateState& other) const {
    return confidence == other.confidence && written == other.written && max_error == other.max_error;
  }
};

/// Empty where there is no such file. Throws `ModelError` where it cannot be read or is something else.
std::optional<GateState> read_gate_state(const std::filesystem::path& file);
/// In one step. Throws `std::system_error`.
void write_gate_state(const std::filesystem::path& file, const GateState& state);

}  // namespace slm
