#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/generator.h"
#include "models/openai/options.h"

namespace slm::openai {

/// An output format as it goes into a request. Empty texts: any output.
struct OutputFormat {
  std::string json_schema;  ///< a JSON document
  std::string gbnf;
};

/// What a request asks for.
struct Query {
  std::string prompt;
  std::optional<Chat> chat{};  ///< in place of the prompt
  std::vector<std::string> stop;
  int max_tokens = 0;
  float temperature = 0;
  std::uint64_t seed = 0;
  OutputFormat format;
  int top_logprobs = 0;  ///< likeliest tokens wanted at each place; 0: no log-probabilities at all
};

/// The JSON document to post. What is not UTF-8 in a text is replaced by U+FFFD.
std::string request_body(const Query& query, const OpenAiOptions& options);
/// That asks for the embedding of a text.
std::string embedding_body(const std::string& text, const OpenAiOptions& options);

}  // namespace slm::openai
