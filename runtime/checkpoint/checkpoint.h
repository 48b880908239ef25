#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nodes/link/file_lock.h"
#include "nodes/link/sqlite.h"
#include "runtime/input/input_files.h"
#include "runtime/output/outcome_sink.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {

/// What must be the same when a run goes on, as names and values for people: `the input a.jsonl`, `120 bytes,
/// modified 2026-11-02 10:00:00`.
using RunIdentity = std::vector<std::pair<std::string, std::string>>;

/// How far a run has come, once these items are written.
struct Step {
  InputPosition from;                ///< reading goes on there
  std::vector<std::uint64_t> items;  ///< written in this step, by their numbers
  OutputMark output;
  std::uint64_t failed_end = 0;  ///< bytes of the file for lines that failed
  std::string summary;           ///< of the run up to here; means nothing to the checkpoint
};

/// The checkpoint cannot be used, or not be written; the text says why and what to do.
class CheckpointError : public OutputError {
 public:
  using OutputError::OutputError;
};

/// A file that tells how far a run has come: after it died, at whatever point, the next one goes on there.
///
/// A journal of steps, each noted before it is written to the output, with a hash of what is written: what a
/// dead process had noted and not written is found out and taken back. Now and then the output is synced and
/// the journal made short. After a loss of power the run goes on from a step whose output is there.
/// `docs/checkpoints.md` describes the file. Functions throw CheckpointError; one thread at a time.
class Checkpoint {
 public:
  /// Opens the file, or makes one for a run of this identity. Throws, too, where it is another run's, told by
  /// what has changed, where it is damaged, is no checkpoint, or another process uses it.
  Checkpoint(const std::filesystem::path& file, const RunIdentity& identity);

  /// The number of this run, the same each time that it goes on.
  std::uint64_t run() const { return run_; }
  /// Where the run left off, `items` being all that are done from there on; empty: nothing is done. The
  /// output is cut there; `failed_end` is where the file for lines that failed ends now. Throws OutputError
  /// too. To be called once.
  std::optional<Step> resume(OutcomeSink& output, std::uint64_t failed_end = 0);

  /// Notes a step that is about to be written.
  void note(const Step& step);
  /// The number of the last step that was noted.
  std::uint64_t last_noted() const { return last_noted_; }
  /// Whether it is time to `settle`.
  bool is_due() const;
  /// Replaces all that was noted up to a number by one step, which has been written and synced.
  void settle(const Step& step, std::uint64_t through);

 private:
  void make(const RunIdentity& identity);
  void compare(const RunIdentity& identity);
  /// Of the steps that the output holds; their items put together.
  std::optional<Step> last_that_counts(OutcomeSink& output, std::uint64_t failed_end);
  void insert(const Step& step, std::uint64_t number, bool is_settled);

  const std::filesystem::path file_;
  link::FileLock lock_;
  link::Database database_;
  std::optional<link::Statement> insert_;
  std::uint64_t run_ = 0;
  std::uint64_t last_noted_ = 0;
  std::uint64_t last_settled_ = 0;
  std::chrono::steady_clock::time_point settled_at_ = std::chrono::steady_clock::now();
};

}  // namespace slm::runtime
