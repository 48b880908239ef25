#pragma once

#include <memory>
#include <string>
#include <thread>

#include "models/llama/task.h"
#include "models/llama/weights.h"

namespace slm::llama {

/// The thread that owns a model's context and decodes the tasks of all its slots together: tasks join and
/// leave at every step (continuous batching; Yu et al. 2022, "Orca"), long prompts in parts.
///
/// Every task is answered or failed exactly once, on that thread; destruction fails those not yet answered
/// and waits until `prefix_file` is written. The last reference to the executor's owner may be dropped by an
/// answer's callback.
class Executor {
 public:
  /// Throws `ModelError` if the context cannot be made, for want of memory above all.
  /// `log` is told what goes wrong with `prefix_file`: while it is made, or on its thread when that ends.
  Executor(std::shared_ptr<const Weights> weights, const LlamaOptions& options, ModelLog log);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  int context() const { return context_; }

  /// Any thread. The queue is bounded by the callers, who await their answers.
  void submit(std::unique_ptr<Task> task);

  /// As `submit`, but the task fails at once, on the executor's thread as every other.
  void refuse(std::unique_ptr<Task> task, std::string reason);

 private:
  class Loop;

  int context_;
  std::shared_ptr<Loop>
      loop_;  // shared with the thread, which may outlive us by the callback that destroys us
  std::thread thread_;
};

}  // namespace slm::llama
