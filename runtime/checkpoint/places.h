#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "runtime/input/input_files.h"

namespace slm::runtime {

/// Which items of input are done, where they are done in any order: the first one that is not, and those
/// after it that are. Memory for what lies between the first that is not done and the last one read. Any
/// thread.
class Places {
 public:
  /// Reading begins at `start`, and `done` are done from there on.
  explicit Places(const InputPosition& start = {}, const std::vector<std::uint64_t>& done = {})
      : start_{start}, early_{done.begin(), done.end()} {}

  /// Items begin in the order of their numbers.
  void begin(const InputPosition& item);
  /// Those with these numbers are done, perhaps before they begin. Returns where reading would have to go on:
  /// with the first that is not done, or the last one that began where all are.
  InputPosition end(std::span<const std::uint64_t> numbers);
  /// Those that are done from there on, in order.
  std::vector<std::uint64_t> done() const;

 private:
  struct Item {
    InputPosition position;
    bool is_done = false;
  };

  Item* find(std::uint64_t number);  // null where it has not begun

  const InputPosition start_;
  mutable std::mutex mutex_;
  std::deque<Item> items_;         // these are guarded by mutex_
  std::set<std::uint64_t> early_;  // done before they began
};

}  // namespace slm::runtime
