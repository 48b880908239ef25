#include "nodes/link/spool_file.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include "nodes/link/spool_salvage.h"

namespace slm::link {
namespace {

constexpr std::int64_t kCheckpointPages = 4096;
constexpr std::int64_t kLargestLogBytes = 64 << 20;
constexpr std::int64_t kShrinkFromPages = 4096;
constexpr std::chrono::minutes kJump{1};

/// Since 1970. A process is not started again within one, so none takes an epoch of its last run.
std::uint64_t unix_milliseconds(const SpoolTime& time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall_ms(time)));
}

}  // namespace

struct SpoolFile::Statements {
  explicit Statements(const Database& database)
      : begin{database.prepare("BEGIN IMMEDIATE")},
        commit{database.prepare("COMMIT")},
        entries{database},
        state{database},
        size{database.prepare("SELECT count(*),sum(bytes) FROM entries WHERE position BETWEEN ? AND ?")},
        remove{database.prepare("DELETE FROM entries WHERE position BETWEEN ? AND ?")},
        attempted{database.prepare("UPDATE entries SET attempts=attempts+1 WHERE position=?")},
        oldest{database.prepare("SELECT epoch,sequence,position,stored_ms FROM entries ORDER BY position "
                                "LIMIT 1")} {}

  Statement begin;
  Statement commit;
  EntryWriter entries;
  StateWriter state;
  Statement size;
  Statement remove;
  Statement attempted;
  Statement oldest;
};

SpoolFile::~SpoolFile() = default;

SpoolFile::SpoolFile(SpoolOptions options) : options_{std::move(options)} {
  try {
    lock_ = lock_spool(options_.file);
    finish_salvage(options_.file);
    if (!std::filesystem::exists(options_.file)) {
      const auto now_ms = wall_ms(time());
      create_spool(options_.file, identity(), {.clock_ms = now_ms, .wall_ms = now_ms});
    }
    refuse_foreign();
    const auto content = sound_content();
    open_for_writing();
    take_epoch(content);
  } catch (const SqliteError& failure) {
    throw error(failure.what());
  } catch (const std::system_error& failure) {
    throw error(failure.what());
  }
}

SpoolError SpoolFile::error(const std::string& what) const {
  return spool_error(options_.file, what);
}

void SpoolFile::refuse_foreign() const {
  try {
    const auto database = open_unused(options_.file);
    const auto found = read_identity(database);
    if (found.format > kSpoolFormat)
      throw error("it is of format " + std::to_string(found.format) + ", and this slm-graph knows up to " +
                  std::to_string(kSpoolFormat) + "; use the later slm-graph, or name another file");
    if (found.pipeline != options_.pipeline)
      throw error("it belongs to the pipeline `" + found.pipeline + "`, not `" + options_.pipeline +
                  "`; name another file");
    if (found.pipeline_hash != options_.pipeline_hash) refuse_version(database, found);
  } catch (const SqliteError& failure) {
    if (!failure.is_damage()) throw;
  }
}

void SpoolFile::refuse_version(const Database& database, const SpoolIdentity& found) const {
  const auto entries = read_state(database).entries;
  if (entries == 0 || options_.accepts_other_hash) return;
  throw error("it holds " + std::to_string(entries) + " entries of another version of the pipeline `" +
              found.pipeline + "`; let that version finish them, or drop them: slm-graph spool " +
              options_.file.string() + " --drop-all --yes");
}

SpoolContent SpoolFile::sound_content() {
  try {
    return check_spool(options_.file);
  } catch (const SqliteError& failure) {
    if (!failure.is_damage()) throw;
    mend(failure.what());
  }
  return check_spool(options_.file);
}

void SpoolFile::mend(const std::string& damage) {
  const auto now = time();
  try {
    repair_ = salvage(options_.file, damage, identity(), now.wall);
  } catch (const std::exception& failure) {
    // The disk may have room for an empty spool still, and the file can be salvaged later.
    repair_ = set_aside(options_.file, damage + "; not salvaged: " + failure.what(), identity(), now.wall);
  }
}

void SpoolFile::open_for_writing() {
  database_.emplace(options_.file, Database::Access::read_write);
  const bool syncs = options_.sync == SpoolOptions::Sync::each_commit;
  database_->execute("PRAGMA synchronous=" + std::string{syncs ? "FULL" : "NORMAL"} +
                     "; PRAGMA wal_autocheckpoint=" + std::to_string(kCheckpointPages) +
                     "; PRAGMA journal_size_limit=" + std::to_string(kLargestLogBytes) +
                     "; PRAGMA cache_size=-16384; PRAGMA secure_delete=FAST; PRAGMA cell_size_check=ON");
  statements_ = std::make_unique<Statements>(*database_);
}

void SpoolFile::take_epoch(const SpoolContent& content) {
  const auto now = time();
  clock_.emplace(content.state.clock_ms, content.state.wall_ms, now);
  state_ = content.state;
  bases_ = content.bases;
  begin();
  next_.epoch = std::max(state_.epoch + 1, unix_milliseconds(now));
  if (content.identity.pipeline_hash != options_.pipeline_hash) write_identity(*database_, identity());
  commit();
  bases_[epoch()] = content.last_position;
}

void SpoolFile::remove_oldest(const Oldest& oldest) {
  remove({oldest.position});
}

std::optional<std::int64_t> SpoolFile::position_of(const SpoolId& id) const {
  const auto base = bases_.find(id.epoch);
  if (base == bases_.end()) return std::nullopt;
  constexpr std::uint64_t most = std::uint64_t{1} << 62U;  // far beyond what was ever taken
  return base->second + static_cast<std::int64_t>(std::min(id.sequence, most));
}

std::int64_t SpoolFile::position_after(const SpoolId& id) const {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const auto later = bases_.upper_bound(id.epoch);
  const auto own = position_of(id);
  return std::min(own ? *own + 1 : most, later == bases_.end() ? most : later->second + 1);
}

void SpoolFile::begin() {
  next_ = state_;
  begun_ = time();
  statements_->begin.run();
}

void SpoolFile::insert(const SpoolEntry& entry) {
  const StoredEntry stored{.position = position_of(entry.id).value(),
                           .id = entry.id,
                           .attempts = 0,
                           .stored_ms = clock_ms(),
                           .destination = entry.destination,
                           .header = entry.header,
                           .payload = entry.payload};
  statements_->entries.insert(stored);
  ++next_.entries;
  next_.bytes += stored.bytes();
}

std::uint64_t SpoolFile::remove(const std::vector<std::int64_t>& positions) {
  std::uint64_t removed = 0;
  // Most come in the order in which they were stored, and a range is removed at the cost of one.
  for (auto first = positions.begin(); first != positions.end();) {
    auto last = first;
    while (last + 1 != positions.end() && *(last + 1) - *last <= 1) ++last;
    auto& size = statements_->size.bind(1, *first).bind(2, *last);
    size.step();
    const auto count = static_cast<std::uint64_t>(size.number(0));
    const auto bytes = static_cast<std::uint64_t>(size.number(1));
    size.reset();
    if (count > 0) statements_->remove.bind(1, *first).bind(2, *last).run();
    next_.entries -= std::min(next_.entries, count);
    next_.bytes -= std::min(next_.bytes, bytes);
    removed += count;
    first = last + 1;
  }
  return removed;
}

void SpoolFile::attempted(std::int64_t position) {
  statements_->attempted.bind(1, position).run();
}

std::optional<SpoolFile::Oldest> SpoolFile::oldest() {
  auto& select = statements_->oldest;
  if (!select.step()) return std::nullopt;
  const Oldest oldest{
      {static_cast<std::uint64_t>(select.number(0)), static_cast<std::uint64_t>(select.number(1))},
      select.number(2),
      select.number(3)};
  select.reset();
  return oldest;
}

bool SpoolFile::clock_jumped() {
  return clock_->jumped(time()) > kJump;
}

void SpoolFile::commit() {
  next_.clock_ms = clock_ms();
  next_.wall_ms = wall_ms(begun_);
  const auto first = oldest();
  statements_->state.write(next_);
  statements_->commit.run();
  state_ = next_;
  oldest_ms_ = first ? std::optional{first->stored_ms} : std::nullopt;
}

void SpoolFile::rollback() noexcept {
  try {
    if (database_ && !database_->is_idle()) database_->execute("ROLLBACK");
  } catch (const SqliteError&) {
    // SQLite has rolled back by itself; where it could not, the next BEGIN fails and says why.
  }
}

void SpoolFile::reopen() {
  const auto own_base = bases_.at(epoch());
  const auto own_epoch = epoch();
  statements_.reset();
  database_.reset();
  try {
    finish_salvage(options_.file);
    const auto content = sound_content();
    open_for_writing();
    state_ = content.state;
    state_.epoch = own_epoch;
    bases_ = content.bases;
    bases_[own_epoch] = own_base;
  } catch (const SqliteError& failure) {
    throw error(failure.what());
  } catch (const std::system_error& failure) {
    throw error(failure.what());
  }
}

void SpoolFile::shrink_if_empty() {
  if (state_.entries != 0 || database_->number("PRAGMA page_count") < kShrinkFromPages) return;
  // With nothing in it this copies next to nothing.
  database_->execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace slm::link
