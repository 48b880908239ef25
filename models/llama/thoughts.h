#pragma once

#include <llama.h>

#include <string>
#include <string_view>
#include <vector>

#include "models/llama/vocabulary.h"

namespace slm::llama {

// What a chat template leaves open for a model that thinks before it answers (Qwen 3), and what ends it.
inline constexpr std::string_view kThoughtsBegin = "<think>\n";
inline constexpr std::string_view kThoughtsEnd = "</think>";
inline constexpr std::string_view kAfterThoughts = "\n\n";

/// Follows what a model thinks before its answer: free of every grammar, and cut off after so many tokens.
/// For one thread.
class Thoughts {
 public:
  /// None where `most_tokens` is 0 or less.
  Thoughts(int most_tokens, const Vocabulary& vocabulary)
      : vocabulary_(&vocabulary), left_(most_tokens), is_over_(most_tokens <= 0) {
    if (!is_over_) end_ = end_of(vocabulary);
  }

  bool are_over() const { return is_over_; }

  /// The model thinks this, maybe the last of it.
  void append(llama_token token) {
    --left_;
    tail_ += vocabulary_->piece(token);
    if (tail_.size() > kThoughtsEnd.size()) tail_.erase(0, tail_.size() - kThoughtsEnd.size());
    has_ended_itself_ = tail_ == kThoughtsEnd || (end_.size() == 1 && token == end_.front());
    is_over_ = has_ended_itself_ || left_ == 0 || vocabulary_->is_end(token);
  }

  /// What stands between the thoughts, which are over, and the answer.
  std::vector<llama_token> closing() const { return closing(*vocabulary_, has_ended_itself_); }
  /// As above, of thoughts that were cut off, or ended by themselves.
  static std::vector<llama_token> closing(const Vocabulary& vocabulary, bool have_ended) {
    std::vector<llama_token> tokens;
    const auto add = [&](const std::vector<llama_token>& more) {
      tokens.insert(tokens.end(), more.begin(), more.end());
    };
    if (!have_ended) {
      add(vocabulary.tokenize_continuation("\n"));
      add(end_of(vocabulary));
    }
    add(vocabulary.tokenize_continuation(kAfterThoughts));
    return tokens;
  }

 private:
  /// One token of its own in models that were trained to think.
  static std::vector<llama_token> end_of(const Vocabulary& vocabulary) {
    std::vector<llama_token> tokens = vocabulary.tokenize_markup(kThoughtsEnd);
    return tokens.size() == 1 ? tokens : vocabulary.tokenize_continuation(kThoughtsEnd);
  }

  const Vocabulary* vocabulary_;
  std::vector<llama_token> end_;  // where it is one token, it may be one that adds nothing to a text
  std::string tail_;
  int left_;
  bool is_over_;
  bool has_ended_itself_ = false;
};

}  // namespace slm::llama
