#include "models/openai/request_headers.h"

namespace slm::openai {

HttpHeaders request_headers(const OpenAiOptions& options, const std::string& type,
                            const std::string& accept) {
  HttpHeaders headers{{"Content-Type", type},
                      {"Accept", accept},
                      {"Accept-Encoding", "identity"},
                      {"User-Agent", "slm-graph"}};
  if (!options.api_key.empty()) {
    const bool is_bearer = options.api_key_header == "Authorization";
    headers.emplace_back(options.api_key_header, (is_bearer ? "Bearer " : "") + options.api_key);
  }
  headers.insert(headers.end(), options.headers.begin(), options.headers.end());
  return headers;
}

}  // namespace slm::openai
