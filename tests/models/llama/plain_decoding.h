#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/llama/handles.h"

namespace slm::testing {

/// What llama.cpp itself gives: one sequence, one token at a time, nothing of ours but the loop.
class PlainDecoding {
 public:
  explicit PlainDecoding(const std::filesystem::path& file, int context = 512);

  struct Answer {
    std::string text;
    std::vector<float> logprobs;
    /// Whether no two tokens came so close that rounding may have decided; else the text ends before that.
    bool is_certain = true;
    bool has_ended = false;
  };
  Answer greedy(const std::string& prompt, int max_tokens);

  /// ln probability of `continuation` after `prompt`, token by token.
  double logprob(const std::string& prompt, const std::vector<llama_token>& continuation);

  std::vector<llama_token> tokenize(const std::string& text, bool is_prompt) const;
  std::string piece(llama_token token) const;

 private:
  std::vector<float> evaluate(const std::vector<llama_token>& tokens);

  llama::ModelHandle model_;
  llama::ContextHandle context_;
  const llama_vocab* vocab_;
};

}  // namespace slm::testing
