#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "models/llama/batch.h"
#include "models/llama/task.h"

namespace slm::llama {

/// One sequence of the context and the task that has it.
struct Slot {
  llama_seq_id sequence = 0;
  std::unique_ptr<Task> task;              // null: free
  const Evaluation* evaluation = nullptr;  // the task's
  std::size_t evaluated = 0;               // of its tokens
  std::size_t in_batch = 0;                // the tokens after those that are in the step under way
  std::vector<llama_token> kept;           // tokens of the sequence in the KV cache, also while it is free
  std::chrono::steady_clock::time_point begun;  // when the task got it
  int batch_index = 0;                          // where those of the step begin in the batch

  bool is_free() const { return task == nullptr; }
  bool can_wait() const { return task != nullptr && task->patience().can_wait; }
  bool cannot_wait() const { return task != nullptr && !task->patience().can_wait; }
  std::size_t remaining() const { return evaluation->tokens.size() - evaluated; }
  bool wants_logits(std::size_t token) const {
    return evaluation->wants_all_logits || token + 1 == evaluation->tokens.size();
  }

  /// Fewer tokens are evaluated anew: in one step with the rest of the prompt they cost next to nothing, and
  /// the answer is the same to the last bit, whatever the slot did before.
  static constexpr std::size_t kLeastShared = 32;

  /// How much of a prompt need not be evaluated again; never all, since its last logits are wanted.
  std::size_t shared_with(const std::vector<llama_token>& prompt) const {
    if (prompt.size() <= kLeastShared) return 0;
    const auto longest = static_cast<std::ptrdiff_t>(std::min(kept.size(), prompt.size() - 1));
    const auto end = std::mismatch(prompt.begin(), prompt.begin() + longest, kept.begin()).first;
    const auto shared = static_cast<std::size_t>(end - prompt.begin());
    return shared < kLeastShared ? 0 : shared;
  }

  /// Puts as many of the remaining tokens into the batch as it and the number of logits have room for.
  void fill(Batch& batch, int& logits_room) {
    batch_index = batch.size();
    for (in_batch = 0; in_batch < remaining() && batch.room() > 0; ++in_batch) {
      const std::size_t token = evaluated + in_batch;
      const bool wants = wants_logits(token);
      if (wants && logits_room == 0) return;
      if (wants) --logits_room;
      batch.add(evaluation->tokens[token], evaluation->start + static_cast<int>(token), sequence, wants);
    }
  }
};

}  // namespace slm::llama
