#include "models/llama/vocabulary.h"

#include <algorithm>
#include <exception>
#include <limits>

#include "models/output/utf8.h"

namespace slm::llama {
namespace {

std::string token_piece(const llama_vocab* vocab, llama_token token) {
  std::string piece(32, '\0');
  const auto render = [&] {
    return llama_token_to_piece(vocab, token, piece.data(), static_cast<int32_t>(piece.size()), 0, false);
  };
  int32_t length = render();
  if (length < 0) {
    piece.resize(static_cast<std::size_t>(-length));
    length = render();
  }
  piece.resize(static_cast<std::size_t>(std::max(length, 0)));
  return piece;
}

}  // namespace

Vocabulary::Vocabulary(const llama_model* model) : vocab_(llama_model_get_vocab(model)) {
  const llama_token count = llama_vocab_n_tokens(vocab_);
  starts_.reserve(static_cast<std::size_t>(count) + 1);
  starts_.push_back(0);
  for (llama_token token = 0; token < count; ++token) {
    const std::string piece = token_piece(vocab_, token);
    const std::string_view name =
        llama_vocab_get_text(vocab_, token);  // a control token's, as a prompt spells it
    longest_piece_ = std::max({longest_piece_, piece.size(), name.size()});
    pieces_ += piece;
    starts_.push_back(static_cast<std::uint32_t>(pieces_.size()));
    const bool is_end = llama_vocab_is_eog(vocab_, token);
    ends_.push_back(is_end ? 1 : 0);
    if (is_end) end_tokens_.push_back(token);
    const bool is_printable = piece.size() == 1 && piece.front() >= ' ' && piece.front() <= '~';
    const auto is_same = [&](llama_token other) { return this->piece(other) == piece; };
    if ((is_printable || piece == "\n") && std::ranges::none_of(characters_, is_same))
      characters_.push_back(token);
  }
  // Where the file names no token that begins a text, llama.cpp still gives what Llama 2 has at its place.
  if (llama_model_meta_val_str(model, "tokenizer.ggml.bos_token_id", nullptr, 0) >= 0)
    beginning_ = llama_vocab_bos(vocab_);
  const std::vector<llama_token> letter = tokenize("a", As::plain);
  prefixes_space_ = !letter.empty() && piece(letter.front()).starts_with(' ');
}

std::vector<llama_token> Vocabulary::tokenize(std::string_view text, As as) const {
  std::vector<llama_token> tokens(text.size() + 8);
  const auto run = [&] {
    return llama_tokenize(vocab_, text.data(), static_cast<int32_t>(text.size()), tokens.data(),
                          static_cast<int32_t>(tokens.size()), as == As::prompt, as != As::plain);
  };
  int32_t count = 0;
  try {
    count = run();
    if (count < 0 && count != std::numeric_limits<int32_t>::min()) {
      tokens.resize(static_cast<std::size_t>(-count));
      count = run();
    }
  } catch (const std::exception&) {
    count = 0;  // a vocabulary without a token for some byte
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

std::vector<llama_token> Vocabulary::tokenize_prompt(std::string_view text) const {
  std::vector<llama_token> tokens = tokenize(output::valid_utf8(text), As::prompt);
  if (tokens.empty() && beginning_ != LLAMA_TOKEN_NULL) tokens.push_back(beginning_);
  return tokens;
}

std::vector<llama_token> Vocabulary::tokenize_markup(std::string_view text) const {
  return tokenize(text, As::markup);
}

std::vector<llama_token> Vocabulary::tokenize_continuation(std::string_view text) const {
  const std::string valid = output::valid_utf8(text);
  if (prefixes_space_) {
    // A tokenizer that puts a space before every text is asked for a line break and the text, and gives up
    // the line break's tokens.
    const std::vector<llama_token> before = tokenize("\n", As::plain);
    std::vector<llama_token> both = tokenize("\n" + valid, As::plain);
    if (both.size() > before.size() && std::equal(before.begin(), before.end(), both.begin())) {
      both.erase(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(before.size()));
      return both;
    }
  }
  return tokenize(valid, As::plain);
}

std::size_t Vocabulary::least_tokens(std::size_t bytes) const {
  // Other tokenizers drop or rewrite characters, so their bytes say nothing.
  const enum llama_vocab_type type = llama_vocab_type(vocab_);
  if (type != LLAMA_VOCAB_TYPE_SPM && type != LLAMA_VOCAB_TYPE_BPE) return 0;
  return bytes / longest_piece_;
}

std::string Vocabulary::ends_of(std::string_view text, std::size_t tokens) const {
  const std::size_t each = tokens * longest_piece_;
  if (least_tokens(text.size()) <= 2 * tokens) return std::string(text);
  return std::string(text.substr(0, each)) + std::string(text.substr(text.size() - each));
}

}  // namespace slm::llama
