#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/message.h"
#include "nodes/aggregate/amounts.h"

namespace slm::aggregate {

struct HoldOptions {
  // Any one reached makes a batch of all that is held; without any, each message is one.
  std::optional<std::size_t> max_items;
  std::optional<std::uint64_t> max_bytes;
  std::optional<std::chrono::milliseconds> max_wait;
  std::optional<Rate> rate;  ///< of all that goes on
  /// How long before its deadline a message goes, batch and window or not; empty: it does not.
  std::optional<std::chrono::milliseconds> urgent_before;
};

/// Decides which messages go when, by the steady clock and whether a window is open; knows nothing of disks
/// and threads. Between messages that may go, the most urgent deadline goes first, then the oldest.
///
/// What has become a batch stays one, also where its window closes before all of it has gone.
class Hold {
 public:
  using Key = std::uint64_t;

  struct Item {
    Key key = 0;
    Clock::time_point since;  ///< it is held
    Clock::time_point deadline = Clock::time_point::max();
    std::uint64_t bytes = 0;
    bool was_let_go = false;  ///< by an earlier run: it goes whatever the window
  };

  explicit Hold(HoldOptions options);

  void add(const Item& item);
  void remove(Key key);
  /// No more will come that could fill a batch: from now on all that is held is one.
  void no_more() { is_complete_ = true; }

  struct Leaving {
    std::vector<Key> released;
    std::vector<Key> expired;
  };
  /// Those that leave now.
  Leaving leave(Clock::time_point now, bool is_open);
  /// When there is something to do if nothing is added and no window opens or closes; max(): then only.
  Clock::time_point next(Clock::time_point now, bool is_open) const;

  std::size_t size() const { return items_.size(); }
  /// Whether there is a batch that waits for a window.
  bool has_batch() const { return !batch_.empty(); }

 private:
  using Urgency = std::tuple<Clock::time_point, Clock::time_point, Key>;  ///< deadline, since, key
  using Age = std::pair<Clock::time_point, Key>;

  static Urgency urgency(const Item& item) { return {item.deadline, item.since, item.key}; }
  bool is_due(Clock::time_point now) const;
  /// When the first of those with deadlines has to go.
  Clock::time_point urgent_at() const;
  std::optional<Key> next_to_go(Clock::time_point now, bool is_open) const;

  const HoldOptions options_;
  const Clock::duration between_;  ///< two that go; zero: no bound
  std::map<Key, Item> items_;
  std::set<Age> gathered_;  ///< in no batch yet
  std::uint64_t gathered_bytes_ = 0;
  std::set<Urgency> batch_;
  std::set<Urgency> let_go_;                                          ///< by an earlier run
  std::set<Urgency> by_deadline_;                                     ///< all that have one
  Clock::time_point next_slot_{-std::chrono::hours{24 * 365 * 100}};  ///< long ago, whatever clock it is
  bool is_complete_ = false;
};

}  // namespace slm::aggregate
