#include "nodes/link/spool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "nodes/link/spool_file.h"

namespace slm::link {
namespace {

using std::chrono::milliseconds;

/// What SQLite takes in a row, some of which are its own.
constexpr std::uint64_t kLargestEntryBytes = 999'000'000;
constexpr std::size_t kMostExpiredAtOnce = 10'000;
constexpr milliseconds kAgeCheckEvery{1000};
constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{5000};
constexpr std::chrono::minutes kShrinkEvery{1};
constexpr const char* kClosed = "the spool is closed";

struct Append {
  SpoolEntry entry;
  Spool::Durable durable;
  std::optional<std::string> refusal;
};

struct Batch {
  std::vector<Append> appends;
  std::vector<SpoolId> removed;
  std::vector<SpoolId> attempted;

  bool empty() const { return appends.empty() && removed.empty() && attempted.empty(); }
};

struct Committed {
  std::uint64_t appended = 0;
  std::uint64_t removed = 0;
  std::vector<std::pair<SpoolId, SpoolDrop>> dropped;
};

struct Problem {
  std::string text;
  bool is_damage = false;
};

void put_before(std::vector<SpoolId>& earlier, std::vector<SpoolId>& later) {
  later.insert(later.begin(), earlier.begin(), earlier.end());
  earlier.clear();
}

}  // namespace

std::string to_string(const SpoolId& id) {
  return std::to_string(id.epoch) + "-" + std::to_string(id.sequence);
}

class Spool::Core {
 public:
  explicit Core(SpoolOptions options)
      : options_{std::move(options)},
        file_{std::in_place, options_},
        epoch_{file_->epoch()},
        clock_{file_->clock()},
        used_entries_{file_->entries()},
        used_bytes_{file_->bytes()},
        oldest_ms_{file_->oldest_ms()},
        writer_{[this] { run(); }} {}

  std::uint64_t epoch() const { return epoch_; }
  SpoolId take_id() { return {epoch_, last_sequence_.fetch_add(1, std::memory_order_relaxed) + 1}; }

  void append(SpoolEntry entry, Durable durable);
  void remove(const SpoolId& id);
  void attempted(const SpoolId& id);
  SpoolPage read(const SpoolId& after, std::size_t max_bytes);
  SpoolStats stats() const;
  void close();

 private:
  bool is_writer() const { return std::this_thread::get_id() == writer_id_.load(); }

  // Called by any thread
  std::optional<std::string> admit(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);
  std::optional<std::string> read_page(const SpoolId& after, std::size_t max_bytes, SpoolPage& page);
  void wait_for_repair();

  // The writer's thread
  void run();
  bool wait_for_work(Batch& batch);
  std::optional<milliseconds> next_look() const;
  void write(Batch& batch);
  bool is_upkeep_due();
  std::optional<Problem> try_commit(const Batch& batch, Committed& committed);
  void store(const Batch& batch, Committed& committed);
  void drop(Committed& committed);
  std::optional<Problem> reopen();
  void report_repair();
  void settle(Batch& batch, const Committed& committed, const std::optional<Problem>& problem);
  void shrink();
  std::int64_t oldest_allowed_ms() const;
  SpoolTime now() const { return options_.time ? options_.time() : machine_time(); }

  const SpoolOptions options_;
  std::optional<SpoolFile> file_;  ///< the writer's, but for where read_mutex_ says otherwise
  const std::uint64_t epoch_;
  const SpoolClock clock_;
  std::atomic<std::uint64_t> last_sequence_{0};

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::condition_variable repaired_;
  Batch queue_;
  std::uint64_t used_entries_;  ///< on disk or waiting for it
  std::uint64_t used_bytes_;
  std::optional<std::int64_t> oldest_ms_;
  bool is_closing_ = false;
  bool is_closed_ = false;
  bool is_repair_wanted_ = false;
  std::uint64_t repair_rounds_ = 0;
  SpoolStats stats_;

  /// Held while the reader is used, and by the writer while it exchanges the file under it.
  std::mutex read_mutex_;
  std::optional<Database> reader_;

  // The writer's own: what a failed commit could not do, and when to look again.
  std::vector<SpoolId> held_removed_;
  std::vector<SpoolId> held_attempted_;
  milliseconds retry_after_ = kFirstRetry;
  std::optional<std::chrono::steady_clock::time_point> last_shrink_;

  std::atomic<std::thread::id> writer_id_{};  ///< set by itself: it may call back before writer_ is set
  std::once_flag joined_;
  std::thread writer_;
};

std::optional<std::string> Spool::Core::admit(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  using Full = SpoolOptions::Full;
  if (bytes > std::min(options_.max_bytes, kLargestEntryBytes)) return "the message is larger than the spool";
  while (!is_closing_) {
    const bool has_room = options_.when_full == Full::drop_oldest ||
                          (used_entries_ < options_.max_count && used_bytes_ + bytes <= options_.max_bytes);
    const bool keeps_up =
        stats_.unwritten_entries == 0 || stats_.unwritten_bytes + bytes <= options_.max_unwritten_bytes;
    if (has_room && keeps_up) return std::nullopt;
    if (options_.when_full != Full::block || is_writer())
      return has_room ? "the spool's disk does not keep up" : "the spool is full";
    room_.wait(lock);
  }
  return kClosed;
}

void Spool::Core::append(SpoolEntry entry, Durable durable) {
  const auto bytes = counted_bytes(entry);
  std::unique_lock lock{mutex_};
  auto refusal = admit(lock, bytes);
  if (is_closed_) {
    lock.unlock();
    return durable(refusal);
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
  const bool is_first = queue_.empty();
  queue_.appends.push_back({std::move(entry), std::move(durable), std::move(refusal)});
  lock.unlock();
  if (is_first) work_.notify_one();
}

void Spool::Core::remove(const SpoolId& id) {
  std::unique_lock lock{mutex_};
  const bool is_first = queue_.empty();
  queue_.removed.push_back(id);
  lock.unlock();
  if (is_first) work_.notify_one();
}

void Spool::Core::attempted(const SpoolId& id) {
  std::unique_lock lock{mutex_};
  const bool is_first = queue_.empty();
  queue_.attempted.push_back(id);
  lock.unlock();
  if (is_first) work_.notify_one();
}

SpoolPage Spool::Core::read(const SpoolId& after, std::size_t max_bytes) {
  SpoolPage page;
  auto damage = read_page(after, max_bytes, page);
  if (damage && !is_writer()) {
    wait_for_repair();
    damage = read_page(after, max_bytes, page);
  }
  if (damage) page.problem = damage;
  return page;
}

/// What is damaged, if something is; other problems are in the page.
std::optional<std::string> Spool::Core::read_page(const SpoolId& after, std::size_t max_bytes,
                                                  SpoolPage& page) {
  const std::lock_guard lock{read_mutex_};
  page = {};
  try {
    if (!file_ || !file_->is_open()) {
      page.problem = kClosed;
      return std::nullopt;
    }
    if (!reader_) reader_.emplace(options_.file, Database::Access::read_only);
    EntryReader entries{*reader_};
    entries.seek(file_->position_after(after));
    std::size_t bytes = 0;
    while (const auto* entry = page.entries.empty() || bytes < max_bytes ? entries.next() : nullptr) {
      if (!entry->is_sound) return "entry " + to_string(entry->id) + " is not as it was written";
      bytes += entry->bytes();
      if (!page.entries.empty() && bytes > max_bytes) break;
      page.entries.push_back(entry->copy());
    }
  } catch (const SqliteError& error) {
    if (error.is_damage()) return error.what();
    page.problem = error.what();
  }
  return std::nullopt;
}

void Spool::Core::wait_for_repair() {
  std::unique_lock lock{mutex_};
  const auto round = repair_rounds_;
  is_repair_wanted_ = true;
  work_.notify_one();
  repaired_.wait(lock, [&] { return is_closed_ || repair_rounds_ != round; });
}

SpoolStats Spool::Core::stats() const {
  const std::lock_guard lock{mutex_};
  auto stats = stats_;
  stats.entries = used_entries_ - stats.unwritten_entries;
  stats.bytes = used_bytes_ - stats.unwritten_bytes;
  if (oldest_ms_) stats.oldest_age = milliseconds{std::max<std::int64_t>(0, clock_.at(now()) - *oldest_ms_)};
  return stats;
}

void Spool::Core::close() {
  {
    const std::lock_guard lock{mutex_};
    is_closing_ = true;
  }
  work_.notify_one();
  room_.notify_all();
  std::call_once(joined_, [this] {
    writer_.join();
    const std::lock_guard lock{read_mutex_};
    reader_.reset();
    file_.reset();
  });
}

void Spool::Core::run() {
  ::pthread_setname_np(::pthread_self(), "spool");
  writer_id_ = std::this_thread::get_id();
  report_repair();
  Batch batch;
  do {  // the first round drops what became too old before the spool was opened
    write(batch);
    batch = {};
  } while (wait_for_work(batch));
  write(batch);  // what is held back, and a jump of the clock that was not noted yet
  repaired_.notify_all();
}

/// False once the spool is closed and nothing is left to do.
bool Spool::Core::wait_for_work(Batch& batch) {
  std::unique_lock lock{mutex_};
  const auto has_work = [&] { return is_closing_ || is_repair_wanted_ || !queue_.empty(); };
  if (const auto look = next_look())
    work_.wait_for(lock, *look, has_work);
  else
    work_.wait(lock, has_work);
  if (std::exchange(is_repair_wanted_, false)) {
    lock.unlock();
    reopen();
    lock.lock();
    ++repair_rounds_;
    repaired_.notify_all();
  }
  is_closed_ = is_closing_ && queue_.empty();
  batch = std::exchange(queue_, {});
  return !is_closed_;
}

std::optional<milliseconds> Spool::Core::next_look() const {
  if (!held_removed_.empty() || !held_attempted_.empty()) return retry_after_;
  if (file_->entries() > 0) return kAgeCheckEvery;
  return std::nullopt;
}

void Spool::Core::write(Batch& batch) {
  put_before(held_removed_, batch.removed);
  put_before(held_attempted_, batch.attempted);
  if (!batch.removed.empty() && options_.before_removals) {
    if (const auto problem = options_.before_removals()) std::swap(batch.removed, held_removed_);
  }
  if (batch.empty() && !is_upkeep_due()) return;
  std::ranges::sort(batch.removed);
  Committed committed;
  auto problem = try_commit(batch, committed);
  if (problem && problem->is_damage) {
    problem = reopen();
    if (!problem) problem = try_commit(batch, committed);
  }
  settle(batch, committed, problem);
  if (!problem && committed.removed > 0) shrink();
}

/// Whether there is a reason for a commit though nobody asked for one.
bool Spool::Core::is_upkeep_due() {
  if (!file_->is_open()) return true;
  try {
    const auto oldest = file_->oldest();
    return (oldest && oldest->stored_ms < oldest_allowed_ms()) || file_->clock_jumped();
  } catch (const SqliteError&) {
    return true;  // the commit will tell
  }
}

std::int64_t Spool::Core::oldest_allowed_ms() const {
  if (options_.max_age == std::chrono::seconds::zero()) return std::numeric_limits<std::int64_t>::min();
  return clock_.at(now()) - milliseconds{options_.max_age}.count();
}

std::optional<Problem> Spool::Core::try_commit(const Batch& batch, Committed& committed) {
  if (!file_->is_open()) {
    if (auto problem = reopen()) return problem;
  }
  committed = {};
  try {
    file_->begin();
    store(batch, committed);
    drop(committed);
    file_->commit();
    return std::nullopt;
  } catch (const SqliteError& error) {
    file_->rollback();
    return Problem{error.what(), error.is_damage()};
  }
}

void Spool::Core::store(const Batch& batch, Committed& committed) {
  for (const auto& append : batch.appends) {
    if (append.refusal) continue;
    ++committed.appended;
    if (std::ranges::binary_search(batch.removed, append.entry.id))
      ++committed.removed;
    else
      file_->insert(append.entry);
  }
  for (const auto& id : batch.attempted)
    if (const auto position = file_->position_of(id)) file_->attempted(*position);
  std::vector<std::int64_t> positions;
  positions.reserve(batch.removed.size());
  for (const auto& id : batch.removed)
    if (const auto position = file_->position_of(id)) positions.push_back(*position);
  committed.removed += file_->remove(positions);
}

void Spool::Core::drop(Committed& committed) {
  const bool makes_room = options_.when_full == SpoolOptions::Full::drop_oldest;
  const auto oldest_allowed = oldest_allowed_ms();
  for (std::size_t expired = 0; expired < kMostExpiredAtOnce;) {
    const auto oldest = file_->oldest();
    if (!oldest) return;
    const bool is_too_old = oldest->stored_ms < oldest_allowed;
    const bool is_full = makes_room && (file_->entries_so_far() > options_.max_count ||
                                        file_->bytes_so_far() > options_.max_bytes);
    if (!is_too_old && !is_full) return;
    file_->remove_oldest(*oldest);
    committed.dropped.emplace_back(oldest->id, is_too_old ? SpoolDrop::too_old : SpoolDrop::full);
    if (!is_full) ++expired;
  }
}

std::optional<Problem> Spool::Core::reopen() {
  try {
    const std::lock_guard lock{read_mutex_};
    reader_.reset();
    file_->reopen();
  } catch (const SpoolError& error) {
    return Problem{error.what()};
  }
  report_repair();
  return std::nullopt;
}

void Spool::Core::report_repair() {
  const auto repair = file_->take_repair();
  if (!repair) return;
  {
    const std::lock_guard lock{mutex_};
    ++stats_.repairs;
  }
  if (options_.on_repaired) options_.on_repaired(*repair);
}

void Spool::Core::settle(Batch& batch, const Committed& committed, const std::optional<Problem>& problem) {
  if (problem) {
    put_before(batch.removed, held_removed_);
    put_before(batch.attempted, held_attempted_);
  }
  retry_after_ = problem ? std::min(retry_after_ * 2, kLastRetry) : kFirstRetry;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& append : batch.appends) {
      if (append.refusal) continue;
      --stats_.unwritten_entries;
      stats_.unwritten_bytes -= counted_bytes(append.entry);
    }
    used_entries_ = file_->entries() + stats_.unwritten_entries;
    used_bytes_ = file_->bytes() + stats_.unwritten_bytes;
    stats_.problem = problem ? problem->text : "";
    if (problem) {
      ++stats_.failed_commits;
    } else {
      ++stats_.commits;
      stats_.appended += committed.appended;
      stats_.removed += committed.removed;
      stats_.dropped += committed.dropped.size();
      oldest_ms_ = file_->oldest_ms();
    }
  }
  room_.notify_all();
  for (auto& append : batch.appends) {
    if (append.refusal)
      append.durable(std::move(append.refusal));
    else
      append.durable(problem ? std::optional{problem->text} : std::nullopt);
  }
  if (problem || !options_.on_dropped) return;
  for (const auto& [id, reason] : committed.dropped) options_.on_dropped(id, reason);
}

void Spool::Core::shrink() {
  const auto time = std::chrono::steady_clock::now();
  if (file_->entries() != 0 || (last_shrink_ && time - *last_shrink_ < kShrinkEvery)) return;
  last_shrink_ = time;
  try {
    file_->shrink_if_empty();
  } catch (const SqliteError&) {
    // Somebody reads it, or the disk is full; there will be another time.
  }
}

Spool::Spool(SpoolOptions options) : core_{std::make_unique<Core>(std::move(options))} {}

Spool::~Spool() {
  close();
}

std::uint64_t Spool::epoch() const {
  return core_->epoch();
}
SpoolId Spool::take_id() {
  return core_->take_id();
}
void Spool::append(SpoolEntry entry, Durable durable) {
  core_->append(std::move(entry), std::move(durable));
}
void Spool::remove(const SpoolId& id) {
  core_->remove(id);
}
void Spool::attempted(const SpoolId& id) {
  core_->attempted(id);
}
SpoolPage Spool::read(const SpoolId& after, std::size_t max_bytes) {
  return core_->read(after, max_bytes);
}
SpoolStats Spool::stats() const {
  return core_->stats();
}
void Spool::close() {
  core_->close();
}

}  // namespace slm::link
