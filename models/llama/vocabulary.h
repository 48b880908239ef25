#pragma once

#include <llama.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slm::llama {

/// Text to tokens and back. Made once a model; any thread may read it.
class Vocabulary {
 public:
  explicit Vocabulary(const llama_model* model);

  const llama_vocab* handle() const { return vocab_; }
  std::size_t size() const { return ends_.size(); }

  /// Tokens of a prompt, with whatever the model begins a text with. Names of control tokens in it, such as
  /// `<|im_start|>`, become those tokens. Any bytes are accepted. Empty only where there is nothing to begin
  /// with.
  std::vector<llama_token> tokenize_prompt(std::string_view text) const;

  /// Tokens of a text that goes on after another: no beginning, no control tokens, no space put before it.
  std::vector<llama_token> tokenize_continuation(std::string_view text) const;

  /// Tokens of a part of a chat template in the midst of a text: as of a prompt, but without a beginning.
  std::vector<llama_token> tokenize_markup(std::string_view text) const;

  /// What a token adds to the output: bytes, maybe a part of a character. Control tokens add nothing.
  std::string_view piece(llama_token token) const {
    const auto i = static_cast<std::size_t>(token);
    return std::string_view(pieces_).substr(starts_[i], starts_[i + 1] - starts_[i]);
  }

  /// The token of each printable ASCII character and of the line break that has one of its own.
  const std::vector<llama_token>& characters() const { return characters_; }

  /// Whether a token ends the answer (end of text, of turn, …).
  bool is_end(llama_token token) const { return ends_[static_cast<std::size_t>(token)] != 0; }
  const std::vector<llama_token>& end_tokens() const { return end_tokens_; }

  /// A text of so many bytes has at least so many tokens; cheap, to refuse huge prompts early.
  std::size_t least_tokens(std::size_t bytes) const;

  /// The ends of a text that has more than twice so many tokens, with at least so many tokens each; the whole
  /// text where that is not sure.
  std::string ends_of(std::string_view text, std::size_t tokens) const;

 private:
  enum class As { prompt, markup, plain };
  std::vector<llama_token> tokenize(std::string_view text, As as) const;

  const llama_vocab* vocab_;
  std::string pieces_;                 // of all tokens, one after the other
  std::vector<std::uint32_t> starts_;  // where each begins
  std::vector<std::uint8_t> ends_;     // whether it ends the answer
  std::vector<llama_token> end_tokens_;
  std::vector<llama_token> characters_;
  llama_token beginning_ = LLAMA_TOKEN_NULL;
  std::size_t longest_piece_ = 1;
  bool prefixes_space_ = false;
};

}  // namespace slm::llama
