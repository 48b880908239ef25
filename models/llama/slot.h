#pragma once

#include <chrono>
#include <memory>

#include "models/llama/batch.h"
#include "models/llama/task.h"

namespace slm::llama {

/// One sequence of the context and the task that has it.
struct Slot {
  llama_seq_id sequence = 0;
  std::unique_ptr<Task> task;                   // null: free
  const Evaluation* evaluation = nullptr;       // the task's
  std::size_t evaluated = 0;                    // of its tokens
  std::size_t in_batch = 0;                     // the tokens after those that are in the step under way
  std::chrono::steady_clock::time_point begun;  // when its last task got it
  int batch_index = 0;                          // where those of the step begin in the batch

  bool is_free() const { return task == nullptr; }
  bool can_wait() const { return task != nullptr && task->patience().can_wait; }
  bool cannot_wait() const { return task != nullptr && !task->patience().can_wait; }
  std::size_t remaining() const { return evaluation->tokens.size() - evaluated; }
  bool wants_logits(std::size_t token) const {
    return token >= evaluation->logits_from || token + 1 == evaluation->tokens.size();
  }

  /// Whether its task evaluates its prompt, and so may have more of another's soon.
  bool is_in_prompt() const { return task != nullptr && evaluation->start == 0; }
  /// Who comes first in a step: single tokens of answers, then guesses at answers, then prompts.
  enum class Rank { token, guess, prompt };
  Rank rank() const {
    if (remaining() == 1) return Rank::token;
    return is_in_prompt() ? Rank::prompt : Rank::guess;
  }
  /// The tokens of the step under way.
  std::span<const llama_token> tokens_in_batch() const {
    return std::span(evaluation->tokens).subspan(evaluated, in_batch);
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
