#pragma once

#include <llama.h>

#include <cstddef>
#include <span>
#include <vector>

namespace slm::llama {

/// A guess at an answer, followed as the answer is written: what of it may come next is evaluated along with
/// the last token, and kept as far as the model would have written the same (speculative decoding; Leviathan
/// et al. 2023, with a given text in the place of a small model). Where the answer departs from it, it is
/// taken up again at the next token that it has in common with the answer.
class Draft {
 public:
  explicit Draft(std::vector<llama_token> tokens) : tokens_(std::move(tokens)) {}

  /// The answer goes on with this.
  void follow(llama_token token);
  /// What may come after it; empty while answer and draft have nothing in common.
  std::span<const llama_token> proposal() const;

 private:
  static constexpr std::size_t kLookAhead = 16;  ///< tokens that the answer may have left out
  static constexpr std::size_t kCautious = 8;    ///< proposed after a departure, more as they come true

  std::vector<llama_token> tokens_;
  std::size_t next_ = 0;
  std::size_t left_at_ = 0;      ///< where the answer departed from it; `next_` while it has not
  std::size_t most_ = SIZE_MAX;  ///< tokens of a proposal
  bool is_followed_ = true;
};

}  // namespace slm::llama
