#pragma once

#include <array>
#include <memory>
#include <thread>

#include "models/openai/batch/options.h"
#include "models/openai/call.h"
#include "models/openai/options.h"

namespace slm::openai {

/// Sends calls in batches, and remembers those for a later process (see `Courier`).
///
/// One thread talks to the server; another answers calls that are no longer wanted, at once. Destruction and
/// `done` are as for `Dispatcher`; batches go on at the server, and a later process has their answers.
class Batcher : public Desk {
 public:
  /// Connects to nothing yet. Throws `ModelError`, and `std::invalid_argument` where the address is none.
  Batcher(const OpenAiOptions& options, const BatchOptions& batches, BatchSurroundings surroundings);
  ~Batcher() override;
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  void submit(Call call) override;
  /// On the calling thread.
  void answer(Call call, std::variant<Reply, ModelFailure> result) override;

 private:
  class State;

  std::shared_ptr<State> state_;  // shared with the threads, which outlive us where `done` destroys us
  std::array<std::thread, 2> threads_;
};

}  // namespace slm::openai
