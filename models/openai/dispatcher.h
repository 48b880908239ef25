#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "models/openai/call.h"
#include "models/openai/options.h"

namespace slm::openai {

/// Sends calls to one server, so many together as there are connections, and tries again where that helps.
///
/// Each connection has a thread; one more watches over time limits and cancels, closes connections under
/// calls that are no longer wanted, and answers those itself, at once. So every call is answered exactly
/// once, on a thread of the dispatcher, also when that is destroyed first; destruction waits for no server,
/// at most for a look-up of the server's name. The last reference to the dispatcher's owner may be dropped by
/// a call's `done`.
class Dispatcher : public Desk {
 public:
  /// Connects to nothing yet. Throws `std::invalid_argument` where the address is none, and `ModelError`
  /// where there are no threads.
  explicit Dispatcher(const OpenAiOptions& options);
  ~Dispatcher() override;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Any thread. The queue is bounded by the callers, who await their answers.
  void submit(Call call) override;

  /// As `submit`, but the call is answered at once, on the dispatcher's thread as every other.
  void answer(Call call, std::variant<Reply, ModelFailure> result) override;

 private:
  class State;
  void end_threads();

  std::shared_ptr<State> state_;  // shared with the threads, which outlive us where `done` destroys us
  std::vector<std::thread> threads_;
};

}  // namespace slm::openai
