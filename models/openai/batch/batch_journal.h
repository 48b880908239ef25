#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace slm::openai {

/// What is known of one batch.
struct BatchRecord {
  std::string key;         ///< ours
  std::string input_file;  ///< the server's name; empty: it does not have it
  std::string batch;       ///< the server's name; empty: not started, or it is not known whether
  std::int64_t created_s = 0;
  bool is_over = false;  ///< its answers are here
};

/// A folder with the batches of one model, so that a process that is killed leaves to the next one what was
/// paid for. Every function is on the disk when it returns, and throws std::system_error where that does not
/// take it. One thread.
///
/// For each batch there is `KEY.input.jsonl` until it is over, then `KEY.output.jsonl`, and from before it is
/// started `KEY.json`.
class BatchJournal {
 public:
  /// Makes the folder where it is missing. Throws `ModelError`, also where another has it, or where it
  /// belongs to a server other than `origin`.
  BatchJournal(std::filesystem::path folder, const std::string& origin);
  ~BatchJournal();
  BatchJournal(const BatchJournal&) = delete;
  BatchJournal& operator=(const BatchJournal&) = delete;

  /// What an earlier process has left, without what nobody can have been paid for.
  std::vector<BatchRecord> read() const;

  /// A new batch of these lines, which is not in the journal until it is saved.
  BatchRecord begin(const std::vector<std::string>& lines);
  void save(const BatchRecord& record);
  /// Removes all that belongs to it; what cannot be removed stays.
  void forget(const BatchRecord& record);
  /// The requests are not needed any more.
  void forget_input(const BatchRecord& record);

  std::filesystem::path input(const BatchRecord& record) const { return file(record, ".input.jsonl"); }
  std::filesystem::path output(const BatchRecord& record) const { return file(record, ".output.jsonl"); }
  std::filesystem::path errors(const BatchRecord& record) const { return file(record, ".errors.jsonl"); }
  std::filesystem::path state(const BatchRecord& record) const { return file(record, ".json"); }

 private:
  std::filesystem::path file(const BatchRecord& record, const char* ending) const {
    return folder_ / (record.key + ending);
  }

  std::filesystem::path folder_;
  std::string origin_;
  int descriptor_ = -1;  // of the folder, locked
};

}  // namespace slm::openai
