#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "models/replay/record.h"
#include "nodes/cache/options.h"
#include "statistics/change.h"

namespace slm::cache {

/// Whether a neighbour's answer may be given: one that is near enough, but for a share that is asked of the
/// model all the same, and nothing any more once these have shown that too many are wrong.
///
/// It closes where the share of wrong ones is above `max_error`, but for a chance of `kFalseAlarm` that it
/// closes without, however often it is looked at (see `ErrorRateWatch`), and never opens again. Any thread.
class NearestGate {
 public:
  static constexpr double kFalseAlarm = 0.01;
  using Log = std::function<void(const std::string&)>;

  /// `model` is whose answers they are.
  NearestGate(std::string model, const NearestOptions& options, Log log);

  /// What a change of which makes earlier audits say nothing.
  std::uint64_t setting(std::string_view model, std::string_view embedder) const;
  /// Goes on after these audits, the oldest first, of which each was an error or not.
  void restore(const std::vector<bool>& audits);
  /// Is told of each audit.
  void set_journal(std::function<void(bool is_error)> journal) { journal_ = std::move(journal); }

  bool is_open() const { return is_open_.load(std::memory_order_relaxed); }
  double at_least() const { return options_.at_least; }
  /// By the question's key, so that a run over a file audits the same ones each time.
  bool is_audited(std::uint64_t key) const;
  void judge(const replay::Answer& near, const replay::Answer& asked);

 private:
  void count(bool is_error);

  const std::string model_;
  const NearestOptions options_;
  const Log log_;
  std::function<void(bool)> journal_;
  std::atomic<bool> is_open_ = true;

  std::mutex mutex_;
  // All guarded by mutex_
  statistics::ErrorRateWatch watch_;
  std::uint64_t audited_ = 0;
  std::uint64_t errors_ = 0;
};

/// Whether two answers to one question say the same: the same text or JSON value, or the same choice.
bool say_the_same(const replay::Answer& one, const replay::Answer& other);

}  // namespace slm::cache
