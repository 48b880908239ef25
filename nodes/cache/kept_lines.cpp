#include "nodes/cache/kept_lines.h"

#include <utility>

namespace slm::cache {
namespace {

std::uint64_t bytes_of(const KeptLine& line) {
  const std::uint64_t embedding = line.spot ? line.spot->embedding->size() * sizeof(float) : 0;
  return line.line->size() + KeptLines::kOverheadBytes + embedding;
}

}  // namespace

std::shared_ptr<const std::string> KeptLines::find(std::uint64_t key) {
  const std::lock_guard lock{mutex_};
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (is_old(found->second->since)) {
    erase(found->second);
    return nullptr;
  }
  lines_.splice(lines_.begin(), lines_, found->second);
  return lines_.front().line;
}

void KeptLines::put(std::uint64_t key, std::string line, std::optional<Spot> spot) {
  KeptLine kept{key, std::make_shared<const std::string>(std::move(line)), clock_(), std::move(spot)};
  const std::lock_guard lock{mutex_};
  if (bytes_of(kept) > bounds_.bytes) return;
  if (journal_) journal_->put(kept);
  add(std::move(kept));
}

void KeptLines::remove(std::uint64_t key) {
  const std::lock_guard lock{mutex_};
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
}

void KeptLines::restore(const std::vector<KeptLine>& lines, std::shared_ptr<Journal> journal) {
  const std::lock_guard lock{mutex_};
  journal_ = std::move(journal);
  for (const KeptLine& line : lines) {
    if (is_old(line.since) || bytes_of(line) > bounds_.bytes)
      journal_->remove(line.key);
    else
      add(line);
  }
}

std::size_t KeptLines::size() const {
  const std::lock_guard lock{mutex_};
  return lines_.size();
}

std::uint64_t KeptLines::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

bool KeptLines::is_old(WallTime since) const {
  return bounds_.age && clock_() - since >= *bounds_.age;
}

void KeptLines::add(KeptLine line) {
  const std::uint64_t bytes = bytes_of(line);
  if (const auto found = by_key_.find(line.key); found != by_key_.end()) {
    bytes_ -= found->second->bytes;
    lines_.erase(found->second);
    neighbours_.remove(line.key);
  }
  if (line.spot) neighbours_.put(line.key, line.spot->group, *line.spot->embedding);
  lines_.push_front({line.key, std::move(line.line), line.since, bytes});
  by_key_[line.key] = lines_.begin();
  bytes_ += bytes;
  while (lines_.size() > bounds_.items || bytes_ > bounds_.bytes) erase(std::prev(lines_.end()));
}

void KeptLines::erase(Lines::iterator line) {
  if (journal_) journal_->remove(line->key);
  neighbours_.remove(line->key);
  bytes_ -= line->bytes;
  by_key_.erase(line->key);
  lines_.erase(line);
}

}  // namespace slm::cache
