#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "models/openai/call.h"

namespace slm::openai {

/// A call on its way, which whoever is first answers: the thread that has its reply, or the one that watches
/// over it.
class Ticket {
 public:
  /// `on_cancel` is called when the call is cancelled, on the thread that cancels it, perhaps before this
  /// returns.
  Ticket(Call call, std::function<void()> on_cancel)
      : call_(std::move(call)), cancelled_(call_.patience.cancelled, std::move(on_cancel)) {}

  const Call& call() const { return call_; }

  /// Does nothing where the call has its answer.
  void settle(std::variant<Reply, ModelFailure> result) {
    if (is_settled_.exchange(true)) return;
    const auto done = std::move(call_.done);
    done(std::move(result));
  }

  bool is_settled() const { return is_settled_; }

  /// Why the answer is no longer wanted, if so.
  std::optional<ModelFailure> impatience(std::chrono::steady_clock::time_point now) const {
    if (call_.patience.cancelled.stop_requested())
      return ModelFailure{ModelFailure::Kind::cancelled, "the request was cancelled"};
    if (now >= call_.patience.deadline)
      return ModelFailure{ModelFailure::Kind::expired, "the deadline passed before the model was done"};
    return std::nullopt;
  }

 private:
  Call call_;
  std::atomic<bool> is_settled_ = false;
  std::stop_callback<std::function<void()>> cancelled_;
};

}  // namespace slm::openai
