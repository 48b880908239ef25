#pragma once

#include "models/openai/http_connection.h"
#include "models/openai/options.h"

namespace slm::openai {

/// The headers of every request to the server, with the key; `type` is that of the body, `accept` of the
/// answer.
HttpHeaders request_headers(const OpenAiOptions& options, const std::string& type, const std::string& accept);

}  // namespace slm::openai
