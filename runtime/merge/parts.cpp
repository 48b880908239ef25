#include "runtime/merge/parts.h"

#include <algorithm>
#include <functional>
#include <set>
#include <span>

#include "models/ngram/xxhash64.h"
#include "runtime/input/byte_reader.h"
#include "runtime/input/line_problems.h"
#include "runtime/output/outcome_id.h"

namespace slm::runtime {
namespace {

constexpr std::size_t kReadAheadBytes = std::size_t{1} << 20;
/// An outcome and a few of its neighbours: those of a shard are seldom far from where they are looked for.
constexpr std::size_t kLookUpBytes = 4096;

std::uint64_t hash_of(std::string_view id_json) {
  return ngram::xxhash64(std::as_bytes(std::span{id_json}));
}

}  // namespace

Parts::Parts(const std::vector<std::filesystem::path>& files) : begins_{0} {
  for (const auto& file : files) {
    files_.emplace_back(file);
    begins_.push_back(begins_.back() + files_.back().size_bytes());
  }
}

void Parts::read(const std::function<bool()>& is_stopped) {
  // Fewer bytes no outcome has that a run writes: growing would for a while take three times the memory, and
  // what is reserved and not used takes none.
  constexpr std::uint64_t kLeastOutcomeBytes = 128;
  entries_.reserve(size_bytes() / kLeastOutcomeBytes);
  for (std::size_t part = 0; part < files_.size(); ++part) read(part, is_stopped);
  std::ranges::sort(entries_, [](const Entry& left, const Entry& right) {
    return left.hash != right.hash ? left.hash < right.hash : left.place < right.place;
  });
  is_taken_.resize(entries_.size());
}

void Parts::read(std::size_t part, const std::function<bool()>& is_stopped) {
  PartFile& file = files_[part];
  LineProblems problems;
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  while (offset < file.size_bytes() && !is_stopped()) {
    const auto line = file.line_at(offset, kReadAheadBytes);
    if (!line) {
      cut_off_.push_back(part);
      break;
    }
    ++number;
    const auto id = outcome_id_of(*line);
    if (id.empty())
      problems.add(file.file(), number, "no outcome; expected a line as `slm-graph run` writes it");
    entries_.push_back({hash_of(id), begins_[part] + offset});
    offset += line->size() + 1;
    lines_read_.fetch_add(1, std::memory_order_relaxed);
    bytes_read_.store(begins_[part] + offset, std::memory_order_relaxed);
  }
  problems.check();
  file.forget();
}

std::size_t Parts::part_of(std::uint64_t place) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(begins_, place) - begins_.begin()) - 1;
}

std::string_view Parts::line_of(const Entry& entry) {
  const auto part = part_of(entry.place);
  const auto line = files_[part].line_at(entry.place - begins_[part], kLookUpBytes);
  if (!line || outcome_id_of(*line).empty())
    throw InputError("cannot merge " + files_[part].file().string() + ": it has changed while it was read");
  return *line;
}

std::size_t Parts::first_left(std::size_t begin, std::size_t end) const {
  const auto at = [this](std::size_t index) {
    return is_taken_.begin() + static_cast<std::ptrdiff_t>(index);
  };
  return begin + static_cast<std::size_t>(std::ranges::partition_point(at(begin), at(end), std::identity{}) -
                                          at(begin));
}

Parts::Match Parts::take(std::string_view id_json) {
  const auto hash = hash_of(id_json);
  const auto first = std::ranges::lower_bound(entries_, hash, {}, &Entry::hash);
  const auto last = std::ranges::upper_bound(first, entries_.end(), hash, {}, &Entry::hash);
  const auto begin = static_cast<std::size_t>(first - entries_.begin());
  const auto end = static_cast<std::size_t>(last - entries_.begin());
  const auto left = first_left(begin, end);
  for (auto at = left; at < end; ++at) {
    const auto line = line_of(entries_[at]);
    if (outcome_id_of(line) != id_json) continue;
    const Match match{.line = line, .part = part_of(entries_[at].place), .is_single = end - begin == 1};
    std::swap(entries_[left], entries_[at]);
    is_taken_[left] = true;
    return match;
  }
  return {.line = {}, .is_single = begin == end};
}

void Parts::tell_left(const OnLeft& on_left) {
  for (std::size_t at = 0, end = 0; at < entries_.size(); at = end) {
    while (end < entries_.size() && entries_[end].hash == entries_[at].hash) ++end;
    const auto left = first_left(at, end);
    std::set<std::string, std::less<>> taken;
    for (; left < end && at < left; ++at) taken.emplace(outcome_id_of(line_of(entries_[at])));
    for (at = left; at < end; ++at) {
      const auto id = outcome_id_of(line_of(entries_[at]));
      on_left(id, part_of(entries_[at].place), taken.contains(id));
    }
  }
}

}  // namespace slm::runtime
