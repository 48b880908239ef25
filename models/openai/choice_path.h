#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/openai/reply.h"

namespace slm::openai {

/// How likely each of several answers is, read off the tokens of the one that was given and those that were
/// likeliest beside them.
///
/// A server that is only asked to go on shows one path of tokens t₁ t₂ …, and at each place the likeliest
/// others. So the probability of choice c is that of the path as far as c follows it, times that of the
/// tokens there that lead on to c:
///
///   p(c) ∝ Σ over places i where c begins with t₁…tᵢ₋₁ of  p(t₁) … p(tᵢ₋₁) · Σ p(a) / n(a)
///
/// with a over the tokens that the server shows at place i, other than tᵢ unless no other choice begins with
/// t₁…tᵢ, such that c and t₁…tᵢ₋₁a begin alike as far as both go; n(a) is the number of choices of which that
/// is true, among which the probability is shared evenly. Normalised over the choices. Where each choice is
/// told apart by its first token this is what the llama backend computes up to the first token; it differs
/// where a token that is not shown leads to a choice, which counts 0.
class ChoicePath {
 public:
  /// How a choice stands in the answer.
  enum class Form {
    exactly,   ///< as it is
    trimmed,   ///< after white space, which is then left out of the choice too
    in_object  ///< as `{"choice": "…"}`, with any white space between
  };

  ChoicePath(const std::vector<std::string>& choices, Form form);

  /// The next token of the answer.
  void take(const ReplyToken& token);

  /// Whether the tokens so far decide between all choices.
  bool is_decided() const { return open_.empty(); }

  /// In the order of the choices, summing to one; empty where no token showed one of them.
  std::vector<float> probabilities() const;

  /// Positions of the choices that an answer begins like, or that begin like the answer.
  std::vector<std::size_t> choices_of(std::string_view answer) const;

 private:
  std::vector<std::size_t> leading_to(const std::vector<std::size_t>& among, std::string_view text) const;
  std::string normalised(std::string_view text) const;

  Form form_;
  std::vector<std::string> answers_;  // each choice as the whole answer, normalised
  std::vector<double> scores_;
  std::vector<std::size_t> open_;  // choices that the text so far may become, if several
  std::string text_;
  double probability_ = 1;  // of the text so far
};

}  // namespace slm::openai
