#include "models/llama/kv_cache.h"

#include <algorithm>

namespace slm::llama {

std::size_t shared_beginning(std::span<const llama_token> prompt, std::span<const llama_token> tokens) {
  if (prompt.size() <= KvCache::kLeastShared) return 0;
  const auto longest = static_cast<std::ptrdiff_t>(std::min(tokens.size(), prompt.size() - 1));
  const auto end = std::mismatch(prompt.begin(), prompt.begin() + longest, tokens.begin()).first;
  const auto shared = static_cast<std::size_t>(end - prompt.begin());
  return shared < KvCache::kLeastShared ? 0 : shared;
}

KvCache::KvCache(llama_context* context, std::size_t sequences, std::size_t most_saved_bytes)
    : context_(context),
      memory_(llama_get_memory(context)),
      tokens_(sequences),
      most_saved_bytes_(most_saved_bytes) {}

std::size_t KvCache::shared_with(llama_seq_id sequence, std::span<const llama_token> prompt) const {
  return shared_beginning(prompt, at(sequence));
}

std::size_t KvCache::most_shared(std::span<const llama_token> prompt) const {
  std::size_t most = 0;
  for (const auto& tokens : tokens_) most = std::max(most, shared_beginning(prompt, tokens));
  for (const Snapshot& one : saved_) most = std::max(most, shared_beginning(prompt, one.tokens));
  return most;
}

std::size_t KvCache::begin(llama_seq_id sequence, std::span<const llama_token> prompt) {
  std::size_t shared = shared_with(sequence, prompt);
  // From elsewhere it is copied, which pays where that spares as many tokens as are worth sharing at all.
  std::size_t most = shared + kLeastShared - 1;
  llama_seq_id source = sequence;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const auto other = static_cast<llama_seq_id>(i);
    if (const std::size_t found = shared_with(other, prompt); found > most) {
      most = found;
      source = other;
    }
  }
  auto saved = saved_.end();
  for (auto one = saved_.begin(); one != saved_.end(); ++one) {
    if (const std::size_t found = shared_beginning(prompt, one->tokens); found > most) {
      most = found;
      saved = one;
    }
  }
  bool has_all = true;
  if (saved != saved_.end()) {
    saved_.splice(saved_.end(), saved_, saved);
    shared = most;
    has_all = restore(sequence, *saved);
    if (!has_all) drop(saved);  // what llama.cpp refuses once it always will
  } else if (source != sequence) {
    shared = most;
    has_all = copy(source, sequence, shared);
  }
  // A model that attends to the last tokens alone has forgotten those before.
  has_all = has_all && llama_memory_seq_pos_min(memory_, sequence) <= 0;
  if (shared == 0 || !has_all || !go_back(sequence, shared)) {
    forget(sequence);
    return 0;
  }
  keep_beginning(sequence);
  return shared;
}

bool KvCache::copy(llama_seq_id from, llama_seq_id to, std::size_t tokens) {
  Snapshot snapshot = save(from);
  return restore(to, snapshot) && at(to).size() >= tokens;
}

/// The sequence, which holds what two prompts have shared and nothing else.
void KvCache::keep_beginning(llama_seq_id sequence) {
  const std::span<const llama_token> tokens = at(sequence);
  const auto has_nearly_all = [&](const Snapshot& one) {
    return shared_beginning(tokens, one.tokens) + kLeastShared > tokens.size();
  };
  if (most_saved_bytes_ == 0 || std::ranges::any_of(saved_, has_nearly_all)) return;
  Snapshot snapshot = save(sequence);
  if (snapshot.bytes() > most_saved_bytes_) return;
  saved_bytes_ += snapshot.bytes();
  saved_.push_back(std::move(snapshot));
  has_news_ = true;
  while (saved_bytes_ > most_saved_bytes_) drop(saved_.begin());
}

void KvCache::drop(std::list<Snapshot>::iterator saved) {
  saved_bytes_ -= saved->bytes();
  saved_.erase(saved);
  has_news_ = true;
}

void KvCache::give_back(std::list<Snapshot> saved) {
  saved_ = std::move(saved);
  saved_bytes_ = 0;
  for (const Snapshot& one : saved_) saved_bytes_ += one.bytes();
}

void KvCache::append(llama_seq_id sequence, std::span<const llama_token> tokens) {
  at(sequence).insert(at(sequence).end(), tokens.begin(), tokens.end());
}

bool KvCache::go_back(llama_seq_id sequence, std::size_t tokens) {
  if (tokens >= at(sequence).size()) return true;
  if (!llama_memory_seq_rm(memory_, sequence, static_cast<llama_pos>(tokens), -1)) return false;
  at(sequence).resize(tokens);
  return true;
}

void KvCache::forget(llama_seq_id sequence) {
  llama_memory_seq_rm(memory_, sequence, -1, -1);
  at(sequence).clear();
}

Snapshot KvCache::save(llama_seq_id sequence) const {
  Snapshot snapshot{at(sequence), std::vector<std::uint8_t>(llama_state_seq_get_size(context_, sequence))};
  llama_state_seq_get_data(context_, snapshot.state.data(), snapshot.state.size(), sequence);
  return snapshot;
}

bool KvCache::restore(llama_seq_id sequence, const Snapshot& snapshot) {
  forget(sequence);
  if (llama_state_seq_set_data(context_, snapshot.state.data(), snapshot.state.size(), sequence) == 0) {
    forget(sequence);
    return false;
  }
  at(sequence) = snapshot.tokens;
  return true;
}

}  // namespace slm::llama
