#include "nodes/link/spool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "nodes/link/spool_file.h"
#include "nodes/link/spool_queue.h"

namespace slm::link {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostExpiredAtOnce = 10'000;
constexpr milliseconds kAgeCheckEvery{1000};
constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{5000};
constexpr std::chrono::minutes kShrinkEvery{1};

/// Why a commit failed.
struct Problem {
  std::string text;
  bool is_damage = false;
};

void put_before(std::vector<SpoolId>& earlier, std::vector<SpoolId>& later) {
  later.insert(later.begin(), earlier.begin(), earlier.end());
  earlier.clear();
}

SpoolCommit on_disk(const SpoolFile& file) {
  return {.entries = file.entries(), .bytes = file.bytes(), .oldest_ms = file.oldest_ms()};
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
        queue_{options_, on_disk(*file_)},
        writer_{[this] { run(); }} {}

  std::uint64_t epoch() const { return epoch_; }
  SpoolId take_id() { return {epoch_, last_sequence_.fetch_add(1, std::memory_order_relaxed) + 1}; }
  SpoolQueue& queue() { return queue_; }
  SpoolPage read(const SpoolId& after, std::size_t max_bytes);
  SpoolStats stats() const { return queue_.stats(now_ms()); }
  void close();

 private:
  // Any thread
  std::optional<std::string> read_page(const SpoolId& after, std::size_t max_bytes, SpoolPage& page);
  std::int64_t now_ms() const { return clock_.at(options_.time ? options_.time() : machine_time()); }
  std::int64_t oldest_allowed_ms() const;

  // The writer's thread
  void run();
  std::optional<milliseconds> next_look() const;
  void write(SpoolBatch& batch);
  bool is_upkeep_due();
  std::optional<Problem> try_commit(const SpoolBatch& batch, SpoolCommit& commit);
  void store(const SpoolBatch& batch, SpoolCommit& commit);
  void drop(SpoolCommit& commit);
  std::optional<Problem> reopen();
  void report_repair();
  void tell(SpoolBatch& batch, const SpoolCommit& commit) const;
  void shrink();

  const SpoolOptions options_;
  std::optional<SpoolFile> file_;  ///< the writer's, but for where read_mutex_ says otherwise
  const std::uint64_t epoch_;
  const SpoolClock clock_;
  std::atomic<std::uint64_t> last_sequence_{0};
  SpoolQueue queue_;

  /// Held while the reader is used, and by the writer while it exchanges the file under it.
  std::mutex read_mutex_;
  std::optional<Database> reader_;

  // The writer's own: what a failed commit could not do, and when to try again.
  std::vector<SpoolId> held_removed_;
  std::vector<SpoolId> held_attempted_;
  milliseconds retry_after_ = kFirstRetry;
  std::optional<std::chrono::steady_clock::time_point> last_shrink_;

  std::once_flag joined_;
  std::thread writer_;
};

SpoolPage Spool::Core::read(const SpoolId& after, std::size_t max_bytes) {
  SpoolPage page;
  auto damage = read_page(after, max_bytes, page);
  if (damage && !queue_.is_writer()) {
    queue_.wait_for_repair();
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
      page.problem = file_ ? "the spool could not be opened again after damage" : "the spool is closed";
      return std::nullopt;
    }
    if (!reader_) reader_.emplace(options_.file, Database::Access::read_only);
    EntryReader entries{*reader_};
    entries.seek(file_->position_after(after));
    std::size_t bytes = 0;
    while (const auto* entry = entries.next()) {
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

void Spool::Core::close() {
  queue_.close();
  std::call_once(joined_, [this] {
    writer_.join();
    const std::lock_guard lock{read_mutex_};
    reader_.reset();
    file_.reset();
  });
}

void Spool::Core::run() {
  ::pthread_setname_np(::pthread_self(), "spool");
  queue_.begin_writing();
  report_repair();
  SpoolBatch batch;
  write(batch);  // drops what became too old before the spool was opened
  while (true) {
    batch = {};
    const auto work = queue_.take(batch, next_look());
    if (work == SpoolQueue::Work::end) break;
    if (work == SpoolQueue::Work::repair) {
      reopen();
      queue_.repair_tried();
    } else {
      write(batch);
    }
  }
  write(batch);  // what is held back, and a jump of the clock that was not noted yet
}

std::optional<milliseconds> Spool::Core::next_look() const {
  if (!held_removed_.empty() || !held_attempted_.empty()) return retry_after_;
  if (file_->entries() > 0) return kAgeCheckEvery;
  return std::nullopt;
}

void Spool::Core::write(SpoolBatch& batch) {
  put_before(held_removed_, batch.removed);
  put_before(held_attempted_, batch.attempted);
  if (!batch.removed.empty() && options_.before_removals && !options_.before_removals())
    std::swap(batch.removed, held_removed_);
  if (batch.empty() && !is_upkeep_due()) return;
  std::ranges::sort(batch.removed);
  SpoolCommit commit;
  auto problem = try_commit(batch, commit);
  if (problem && problem->is_damage) {
    problem = reopen();
    if (!problem) problem = try_commit(batch, commit);
  }
  if (problem) {
    put_before(batch.removed, held_removed_);
    put_before(batch.attempted, held_attempted_);
    commit = on_disk(*file_);
    commit.problem = problem->text;
  }
  retry_after_ = problem ? std::min(retry_after_ * 2, kLastRetry) : kFirstRetry;
  queue_.settle(batch, commit);
  tell(batch, commit);
  if (commit.removed > 0) shrink();
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
  return now_ms() - milliseconds{options_.max_age}.count();
}

std::optional<Problem> Spool::Core::try_commit(const SpoolBatch& batch, SpoolCommit& commit) {
  if (!file_->is_open()) {
    if (auto problem = reopen()) return problem;
  }
  SpoolCommit done;
  try {
    file_->begin();
    store(batch, done);
    drop(done);
    file_->commit();
  } catch (const SqliteError& error) {
    file_->rollback();
    return Problem{error.what(), error.is_damage()};
  }
  commit = on_disk(*file_);
  commit.appended = done.appended;
  commit.removed = done.removed;
  commit.dropped = std::move(done.dropped);
  return std::nullopt;
}

void Spool::Core::store(const SpoolBatch& batch, SpoolCommit& commit) {
  for (const auto& append : batch.appends) {
    if (append.refusal) continue;
    ++commit.appended;
    if (std::ranges::binary_search(batch.removed, append.entry.id))
      ++commit.removed;
    else
      file_->insert(append.entry);
  }
  for (const auto& id : batch.attempted)
    if (const auto position = file_->position_of(id)) file_->attempted(*position);
  std::vector<std::int64_t> positions;
  positions.reserve(batch.removed.size());
  for (const auto& id : batch.removed)
    if (const auto position = file_->position_of(id)) positions.push_back(*position);
  for (const auto& append : batch.appends) {
    if (append.refusal || !append.replaced) continue;
    if (const auto position = file_->position_of(*append.replaced)) positions.push_back(*position);
  }
  std::ranges::sort(positions);
  commit.removed += file_->remove(positions);
}

void Spool::Core::drop(SpoolCommit& commit) {
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
    commit.dropped.emplace_back(oldest->id, is_too_old ? SpoolDrop::too_old : SpoolDrop::full);
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
  queue_.count_repair();
  if (options_.on_repaired) options_.on_repaired(*repair);
}

void Spool::Core::tell(SpoolBatch& batch, const SpoolCommit& commit) const {
  for (auto& append : batch.appends) append.durable(append.refusal ? append.refusal : commit.problem);
  if (!options_.on_dropped) return;
  for (const auto& [id, reason] : commit.dropped) options_.on_dropped(id, reason);
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
void Spool::append(SpoolEntry entry, Durable durable, std::optional<SpoolId> replaced) {
  core_->queue().append(std::move(entry), std::move(durable), replaced);
}
void Spool::remove(const SpoolId& id) {
  core_->queue().remove(id);
}
void Spool::attempted(const SpoolId& id) {
  core_->queue().attempted(id);
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
