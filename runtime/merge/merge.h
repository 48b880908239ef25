#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/replace_file.h"
#include "runtime/input/input_files.h"
#include "runtime/merge/merge_report.h"
#include "runtime/merge/parts.h"
#include "runtime/progress.h"
#include "runtime/signals.h"

namespace slm::runtime {

struct MergeOptions {
  std::vector<std::string> inputs;  ///< as the runs had them
  SourceOptions source;             ///< likewise, apart from the shard
  std::filesystem::path output;
  std::vector<std::filesystem::path> parts;  ///< the runs' outputs
};

/// Puts the outcomes of several runs together in the order of their input, and proves that every request has
/// exactly one. Takes some 16 bytes of memory for each outcome, and 8 for each that is missing.
///
/// `run` is called once, by one thread; the other functions by any.
class Merge {
 public:
  /// Throws InputError, and OutputError where the output cannot be written or is one of the files.
  explicit Merge(MergeOptions options);

  /// The output is there, as a whole, where the report says so, and as it was where not. Throws DataError
  /// where lines of the parts are no outcomes, InputError, and std::system_error where the disk is full.
  MergeReport run();

  /// Ends `run`, with nothing written.
  void stop() { stop_.set(); }
  /// In lines of the parts and of the input together.
  ProgressState progress() const;

 private:
  MergeOptions options_;
  Flag stop_;
  InputFiles input_;
  Parts parts_;
  std::optional<FileReplacement> output_;
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace slm::runtime
