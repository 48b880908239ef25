#pragma once

#include <memory>

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
  int kept = 0;                            // tokens of the sequence in the KV cache
  int batch_index = 0;                     // where those begin in the batch

  bool is_free() const { return task == nullptr; }
  std::size_t remaining() const { return evaluation->tokens.size() - evaluated; }
  bool wants_logits(std::size_t token) const {
    return evaluation->wants_all_logits || token + 1 == evaluation->tokens.size();
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
