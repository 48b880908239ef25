#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/openai/event_stream.h"

namespace slm::openai {

/// One token of an answer, as far as the server tells of it.
struct ReplyToken {
  std::string text;  ///< its bytes, which may be a part of a character only
  float logprob;     ///< natural, at most 0
  /// The likeliest tokens in its place and their log-probabilities, as many as the server gives.
  std::vector<std::pair<std::string, float>> likeliest;
};

/// What a server answered.
struct Reply {
  enum class Finish {
    end,          ///< of the text, or at a stop string where the server does not tell
    stop_string,  ///< the server says so
    token_limit
  };

  std::string text;
  std::vector<ReplyToken> tokens;  ///< empty where the server gives no log-probabilities
  bool has_all_tokens = false;     ///< whether `tokens` are the whole text
  bool has_begun = false;          ///< a part of the answer came, or of what the model thinks before it
  std::optional<Finish> finish;    ///< why it ended; empty until it has
  std::optional<int> prompt_tokens;
  std::optional<int> generated_tokens;
  std::vector<float> embedding;  ///< of the text, where one was asked for; as the server gives it
};

/// Reads answers of the chat, completions and embeddings APIs, whole or in the parts of a stream, in the
/// shapes that OpenAI, llama-server and vLLM give them. One thread.
class ReplyReader {
 public:
  /// One JSON object. Throws `BadReply` where it is none, is an error, or is not of a known shape.
  void take(std::string_view json);

  /// What came so far.
  const Reply& reply() const { return reply_; }

  /// The complete answer. Throws `BadReply` where it is not complete, or is no text: a refusal, a tool call.
  Reply finish();

  /// What came until now, of an answer whose rest is not wanted.
  Reply finish_early();

 private:
  void take_finish(const std::string& reason);

  Reply reply_;
  bool is_any_token_missing_ = false;
};

}  // namespace slm::openai
