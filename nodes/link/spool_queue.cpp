#include "nodes/link/spool_queue.h"

#include <algorithm>

#include "nodes/link/spool_format.h"

namespace slm::link {
namespace {

/// What SQLite takes in a row, some of which are its own.
constexpr std::uint64_t kLargestEntryBytes = 999'000'000;
/// Nobody waits for a removal, and an append that comes meanwhile shares its commit.
constexpr std::chrono::milliseconds kRemovalsWait{20};
constexpr const char* kClosed = "the spool is closed";

}  // namespace

SpoolQueue::SpoolQueue(const SpoolOptions& options, const SpoolCommit& on_disk)
    : when_full_{options.when_full},
      max_bytes_{options.max_bytes},
      max_count_{options.max_count},
      max_unwritten_bytes_{options.max_unwritten_bytes},
      used_entries_{on_disk.entries},
      used_bytes_{on_disk.bytes},
      oldest_ms_{on_disk.oldest_ms} {}

/// Why the entry is refused, if it is.
std::optional<std::string> SpoolQueue::admit(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  using Full = SpoolOptions::Full;
  if (bytes > std::min(max_bytes_, kLargestEntryBytes)) return "the message is larger than the spool";
  while (!is_closing_) {
    const bool has_room =
        when_full_ == Full::drop_oldest || (used_entries_ < max_count_ && used_bytes_ + bytes <= max_bytes_);
    const bool keeps_up =
        stats_.unwritten_entries == 0 || stats_.unwritten_bytes + bytes <= max_unwritten_bytes_;
    if (has_room && keeps_up) return std::nullopt;
    if (when_full_ != Full::block || is_writer())
      return has_room ? "the spool's disk does not keep up" : "the spool is full";
    ++blocked_;
    work_.notify_one();
    room_.wait(lock);
    --blocked_;
  }
  return kClosed;
}

void SpoolQueue::append(SpoolEntry entry, Spool::Durable durable, std::optional<SpoolId> replaced) {
  const auto bytes = counted_bytes(entry);
  std::unique_lock lock{mutex_};
  auto refusal = admit(lock, bytes);
  if (is_closed_) {  // there is no writer any more to call it
    lock.unlock();
    return durable(std::move(refusal));
  }
  if (refusal) {
    ++stats_.refused;
    entry = {.id = entry.id};
  } else {
    ++used_entries_;
    used_bytes_ += bytes;
    ++stats_.unwritten_entries;
    stats_.unwritten_bytes += bytes;
  }
  const bool is_first = waiting_.appends.empty();
  waiting_.appends.push_back({std::move(entry), std::move(durable), replaced, std::move(refusal)});
  lock.unlock();
  if (is_first) work_.notify_one();
}

void SpoolQueue::remove(const SpoolId& id) {
  std::unique_lock lock{mutex_};
  const bool is_first = waiting_.empty();
  waiting_.removed.push_back(id);
  lock.unlock();
  if (is_first) work_.notify_one();
}

void SpoolQueue::attempted(const SpoolId& id) {
  std::unique_lock lock{mutex_};
  const bool is_first = waiting_.empty();
  waiting_.attempted.push_back(id);
  lock.unlock();
  if (is_first) work_.notify_one();
}

SpoolStats SpoolQueue::stats(std::int64_t clock_ms) const {
  const std::lock_guard lock{mutex_};
  auto stats = stats_;
  stats.entries = used_entries_ - stats.unwritten_entries;
  stats.bytes = used_bytes_ - stats.unwritten_bytes;
  if (oldest_ms_)
    stats.oldest_age = std::chrono::milliseconds{std::max<std::int64_t>(0, clock_ms - *oldest_ms_)};
  return stats;
}

void SpoolQueue::wait_for_repair() {
  std::unique_lock lock{mutex_};
  const auto tried = repairs_tried_;
  is_repair_wanted_ = true;
  work_.notify_one();
  repair_tried_.wait(lock, [&] { return is_closed_ || repairs_tried_ != tried; });
}

void SpoolQueue::close() {
  {
    const std::lock_guard lock{mutex_};
    is_closing_ = true;
  }
  work_.notify_one();
  room_.notify_all();
}

SpoolQueue::Work SpoolQueue::take(SpoolBatch& batch, std::optional<std::chrono::milliseconds> at_most) {
  std::unique_lock lock{mutex_};
  const auto is_urgent = [&] {
    return is_closing_ || is_repair_wanted_ || blocked_ > 0 || !waiting_.appends.empty();
  };
  const auto has_work = [&] { return is_closing_ || is_repair_wanted_ || !waiting_.empty(); };
  if (at_most)
    work_.wait_for(lock, *at_most, has_work);
  else
    work_.wait(lock, has_work);
  if (!waiting_.empty()) work_.wait_for(lock, kRemovalsWait, is_urgent);
  if (std::exchange(is_repair_wanted_, false)) return Work::repair;
  is_closed_ = is_closing_ && waiting_.empty();
  batch = std::exchange(waiting_, {});
  if (!is_closed_) return Work::commit;
  repair_tried_.notify_all();
  return Work::end;
}

void SpoolQueue::repair_tried() {
  {
    const std::lock_guard lock{mutex_};
    ++repairs_tried_;
  }
  repair_tried_.notify_all();
}

void SpoolQueue::count_repair() {
  const std::lock_guard lock{mutex_};
  ++stats_.repairs;
}

void SpoolQueue::settle(const SpoolBatch& batch, const SpoolCommit& commit) {
  {
    const std::lock_guard lock{mutex_};
    for (const auto& append : batch.appends) {
      if (append.refusal) continue;
      --stats_.unwritten_entries;
      stats_.unwritten_bytes -= counted_bytes(append.entry);
    }
    used_entries_ = commit.entries + stats_.unwritten_entries;
    used_bytes_ = commit.bytes + stats_.unwritten_bytes;
    oldest_ms_ = commit.oldest_ms;
    stats_.problem = commit.problem.value_or("");
    ++(commit.problem ? stats_.failed_commits : stats_.commits);
    stats_.appended += commit.appended;
    stats_.removed += commit.removed;
    stats_.dropped += commit.dropped.size();
  }
  room_.notify_all();
}

}  // namespace slm::link
