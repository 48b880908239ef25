#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "nodes/drift/gate_state.h"
#include "nodes/drift/options.h"
#include "nodes/gate_way.h"

namespace slm {

/// Watches the confidences of a running gate, and the errors that its audit shows, by tests that may be
/// looked at after every message; raises alarms, and bars. Bars are never lowered: only another setting in
/// the pipeline file, or removing the state file, does that.
///
/// Every function may be called from any thread. Alarm k of a kind, from 1, is raised at a chance of
/// false_alarm / 2^(k+1), so that all of both kinds together stay below it. The state is written at each
/// alarm, now and then, and at the end.
class GateWatch {
 public:
  using Log = std::function<void(const std::string&)>;

  /// `setting` says what the pipeline file says. Throws `ModelError` where the state file cannot be used.
  GateWatch(std::string gate, GateState setting, const DriftOptions& options, Log log);
  ~GateWatch();
  GateWatch(const GateWatch&) = delete;
  GateWatch& operator=(const GateWatch&) = delete;

  Bars bars() const {
    return {bars_[0].load(std::memory_order_relaxed), bars_[1].load(std::memory_order_relaxed)};
  }

  /// A message came with this confidence, empty where there is no evidence, and was let through or not.
  void saw(std::optional<double> confidence, Way way);
  /// What was let through turned out right or wrong.
  void judged(bool is_error);

 private:
  void alarm(const std::string& what, OnDrift action);
  std::string raise_bars(OnDrift action);
  void put_in_force();
  void write();

  const std::string gate_;
  const DriftOptions options_;
  const Log log_;
  std::array<std::atomic<double>, 2> bars_{};

  std::mutex mutex_;
  GateState state_;  // guarded by mutex_, as is all that follows
  statistics::ShiftWatch shift_;
  std::optional<statistics::ErrorRateWatch> errors_;
  std::array<std::vector<double>, 2>
      passed_;  ///< confidences of late, of each way that lets messages through
  std::array<std::uint64_t, 2> passes_{};
  std::mt19937_64 random_;  // NOLINT(bugprone-random-generator-seed): the same run is the same again
  bool has_failed_to_write_ = false;
};

}  // namespace slm
