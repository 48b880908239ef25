#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "models/generator.h"
#include "models/openai/http_connection.h"

namespace slm::openai {

/// Why a try gave no answer.
struct Trouble {
  std::string reason;
  int status = 0;         ///< of the response; 0: none came, or it was not what was wrong
  bool may_pass = false;  ///< another try can succeed, and nothing was received that it would repeat
  /// A connection that was kept broke before anything came: the server had closed it already.
  bool was_connection_stale = false;
  std::optional<std::chrono::seconds> retry_after;  ///< as the server asks
  ModelFailure::Cause cause = ModelFailure::Cause::other;
  // That the server has told of.
  int prompt_tokens = 0;
  int generated_tokens = 0;
};

/// What an error's body says, without its wrapping where that is known.
std::string message_of(const std::string& body);

/// What a response other than 200 says; of its body, what of it has come.
Trouble refusal_of(const HttpHead& head, const std::string& body);

}  // namespace slm::openai
