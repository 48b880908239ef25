#pragma once

#include <llama.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

namespace slm::llama {

/// What was evaluated of one sequence, outside of the context.
struct Snapshot {
  std::vector<llama_token> tokens;
  std::vector<std::uint8_t> state;  ///< as llama.cpp writes it

  std::size_t bytes() const { return state.size() + tokens.size() * sizeof(llama_token); }
};

/// The keys and values of a context: which tokens each sequence has evaluated, and whence the beginning of
/// the next prompt can be had without evaluating it again. A beginning that two prompts share is saved, so
/// that the sequences that have it may be given to others; least recently used go first. For one thread.
class KvCache {
 public:
  /// Fewer tokens are evaluated anew: in one step with the rest of the prompt they cost next to nothing, and
  /// the answer is the same to the last bit, whatever the sequence did before.
  static constexpr std::size_t kLeastShared = 32;

  /// `most_saved_bytes` bound what is saved of beginnings; 0: nothing is.
  KvCache(llama_context* context, std::size_t sequences, std::size_t most_saved_bytes);

  /// The tokens that a sequence has evaluated, also after its task has ended.
  const std::vector<llama_token>& tokens(llama_seq_id sequence) const { return at(sequence); }
  /// How much of a prompt the sequence need not evaluate again; never all, since its last logits are wanted.
  std::size_t shared_with(llama_seq_id sequence, std::span<const llama_token> prompt) const;

  /// The most that any sequence or saved beginning has of it.
  std::size_t most_shared(std::span<const llama_token> prompt) const;

  /// Makes the sequence begin as the prompt does, by what itself, another sequence or a saved beginning has;
  /// what else it held is forgotten. The number of tokens that it then has, 0 where nothing is to be had.
  std::size_t begin(llama_seq_id sequence, std::span<const llama_token> prompt);
  /// The sequence has evaluated more.
  void append(llama_seq_id sequence, std::span<const llama_token> tokens);
  /// Keeps only so many tokens of the sequence. False where this kind of model cannot.
  bool go_back(llama_seq_id sequence, std::size_t tokens);
  void forget(llama_seq_id sequence);

  Snapshot save(llama_seq_id sequence) const;
  /// False, and the sequence is empty, where llama.cpp refuses.
  bool restore(llama_seq_id sequence, const Snapshot& snapshot);

  std::size_t saved_bytes() const { return saved_bytes_; }

  /// What is saved of beginnings, the least recently used first.
  const std::list<Snapshot>& saved() const { return saved_; }
  /// Whether that is other than what was given back.
  bool has_news() const { return has_news_; }
  /// What was saved of another context that is laid out as this one, within the bytes of this one.
  void give_back(std::list<Snapshot> saved);

 private:
  std::vector<llama_token>& at(llama_seq_id sequence) { return tokens_[static_cast<std::size_t>(sequence)]; }
  const std::vector<llama_token>& at(llama_seq_id sequence) const {
    return tokens_[static_cast<std::size_t>(sequence)];
  }
  bool copy(llama_seq_id from, llama_seq_id to, std::size_t tokens);
  void keep_beginning(llama_seq_id sequence);
  void drop(std::list<Snapshot>::iterator saved);

  llama_context* context_;
  llama_memory_t memory_;
  std::vector<std::vector<llama_token>> tokens_;  // of each sequence
  std::list<Snapshot> saved_;                     // least recently used first
  std::size_t most_saved_bytes_;
  std::size_t saved_bytes_ = 0;
  bool has_news_ = false;
};

/// How many tokens of `prompt`, less its last, begin `tokens`; 0 where too few are worth sharing.
std::size_t shared_beginning(std::span<const llama_token> prompt, std::span<const llama_token> tokens);

}  // namespace slm::llama
