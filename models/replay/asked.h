#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/generator.h"

namespace slm::replay {

/// All that a model was asked in one call.
struct Asked {
  enum class Call { classify, choose, generate };
  Call call = Call::generate;
  std::string prompt;
  bool is_chat = false;              ///< the prompt is a chat's text
  std::vector<std::string> choices;  ///< of `choose`
  std::string format;                ///< as `format_name` gives it; empty: any text
  std::vector<std::string> stop;
  int max_tokens = 0;
  int thinking_tokens = 0;
  float temperature = 0;
  std::uint64_t seed = 0;

  bool operator==(const Asked&) const = default;
};

Asked asked_of(const GenerationRequest& request, std::string format);
Asked asked_of(const ChoiceRequest& request);

/// The language of an output format and the XXH64 of its text: `json_schema:9f86d081884c7d65`.
std::string format_name(const ConstraintSource& source);

/// XXH64 of all that was asked, and of which model: the answer to one key is never that to another question.
std::uint64_t key_of(const Asked& asked, std::string_view identity);

std::uint64_t hash_of(std::string_view text);

/// In quotes, for messages; a long text is cut off.
std::string in_quotes(std::string_view text);

}  // namespace slm::replay
