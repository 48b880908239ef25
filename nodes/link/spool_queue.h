#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nodes/link/spool.h"

namespace slm::link {

/// What the writer does in one commit.
struct SpoolBatch {
  struct Append {
    SpoolEntry entry;
    Spool::Durable durable;
    std::optional<SpoolId> replaced;     ///< is removed with it
    std::optional<std::string> refusal;  ///< it was not admitted, and is only to be told so
  };

  std::vector<Append> appends;
  std::vector<SpoolId> removed;
  std::vector<SpoolId> attempted;

  bool empty() const { return appends.empty() && removed.empty() && attempted.empty(); }
};

/// What a commit did, and what the file holds after it.
struct SpoolCommit {
  std::uint64_t appended = 0;
  std::uint64_t removed = 0;
  std::vector<std::pair<SpoolId, SpoolDrop>> dropped;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::optional<std::int64_t> oldest_ms;
  std::optional<std::string> problem;  ///< why there was none
};

/// What waits in memory for the writer, the bounds of the spool, and its statistics. Any thread.
class SpoolQueue {
 public:
  /// `on_disk`: what the file holds. Of the options, the bounds are used.
  SpoolQueue(const SpoolOptions& options, const SpoolCommit& on_disk);

  // As Spool has them
  void append(SpoolEntry entry, Spool::Durable durable, std::optional<SpoolId> replaced);
  void remove(const SpoolId& id);
  void attempted(const SpoolId& id);
  SpoolStats stats(std::int64_t clock_ms) const;

  /// Has the writer repair the file, and waits for it; not for the writer itself.
  void wait_for_repair();
  bool is_writer() const { return std::this_thread::get_id() == writer_.load(); }
  /// Admits nothing more and lets the writer come to an end.
  void close();

  // For the writer's thread
  void begin_writing() { writer_ = std::this_thread::get_id(); }
  enum class Work { commit, repair, end };
  /// Waits for work, at most as long as said; then the batch may be empty.
  Work take(SpoolBatch& batch, std::optional<std::chrono::milliseconds> at_most);
  /// The repair that was asked for was tried.
  void repair_tried();
  void count_repair();
  /// The batch is done with: frees its room. Its callbacks are the writer's to call.
  void settle(const SpoolBatch& batch, const SpoolCommit& commit);

 private:
  std::optional<std::string> admit(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);

  const SpoolOptions::Full when_full_;
  const std::uint64_t max_bytes_;
  const std::uint64_t max_count_;
  const std::uint64_t max_unwritten_bytes_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::condition_variable repair_tried_;
  SpoolBatch waiting_;
  std::uint64_t used_entries_;  ///< on disk or on their way there
  std::uint64_t used_bytes_;
  std::optional<std::int64_t> oldest_ms_;
  std::uint64_t blocked_ = 0;  ///< appends that wait for room
  bool is_closing_ = false;
  bool is_closed_ = false;
  bool is_repair_wanted_ = false;
  std::uint64_t repairs_tried_ = 0;
  SpoolStats stats_;
  std::atomic<std::thread::id> writer_{};
};

}  // namespace slm::link
