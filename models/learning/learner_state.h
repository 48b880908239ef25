#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace slm::learning {

/// What became of a learner's lessons.
struct LearnerState {
  std::size_t lessons = 0;       ///< taken, also those that are no longer kept
  std::size_t other_labels = 0;  ///< left out: their label is none of the model's
  std::size_t dropped = 0;       ///< left out: more came than could be taken in
  std::size_t trainings = 0;
  std::size_t trained_at = 0;   ///< lessons taken at the last of them
  std::size_t refused = 0;      ///< trained models that were worse than the one in use
  std::size_t rolled_back = 0;  ///< models that turned out worse than the one before
  std::size_t looks = 0;        ///< how often a model was looked at on held-out lessons
  std::uint64_t serving = 0;    ///< number of the snapshot; 0: none, but perhaps the first file
  std::string last_error;       ///< of a training or of the disk; empty: none. Not in the file
};

/// As it was written; a new one where there is no file, or one that is no such state.
LearnerState read_state(const std::filesystem::path& file);

/// As JSON, in one step. Throws `std::system_error`.
void write_state(const std::filesystem::path& file, const LearnerState& state);

}  // namespace slm::learning
