#pragma once

#include <llama.h>

#include <algorithm>

namespace slm::llama {

/// The tokens of one decoding step, of several sequences. Fixed capacity.
class Batch {
 public:
  explicit Batch(int capacity) : capacity_(capacity), batch_(llama_batch_init(capacity, 0, 1)) {}
  ~Batch() { llama_batch_free(batch_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// Empty, for at most so many tokens.
  void clear(int most) {
    batch_.n_tokens = 0;
    most_ = std::min(most, capacity_);
  }
  int size() const { return batch_.n_tokens; }
  int room() const { return most_ - batch_.n_tokens; }
  int capacity() const { return capacity_; }
  const llama_batch& get() const { return batch_; }

  void add(llama_token token, int position, llama_seq_id sequence, bool wants_logits) {
    const int i = batch_.n_tokens++;
    batch_.token[i] = token;
    batch_.pos[i] = position;
    batch_.n_seq_id[i] = 1;
    batch_.seq_id[i][0] = sequence;
    batch_.logits[i] = wants_logits ? 1 : 0;
  }

 private:
  int capacity_;
  int most_ = 0;
  llama_batch batch_;
};

}  // namespace slm::llama
