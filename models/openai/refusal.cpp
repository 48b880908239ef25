#include "models/openai/refusal.h"

#include <nlohmann/json.hpp>

#include "models/openai/retry.h"

namespace slm::openai {
std::string message_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return body;
  const auto error = json.find("error");
  const nlohmann::json& inside = error == json.end() ? json : *error;
  if (inside.is_string()) return inside.get<std::string>();
  if (!inside.is_object()) return body;
  for (const char* name : {"message", "detail"}) {
    const auto found = inside.find(name);
    if (found != inside.end() && found->is_string()) return found->get<std::string>();
  }
  return body;
}

Trouble refusal_of(const HttpHead& head, const std::string& body) {
  Trouble trouble;
  trouble.status = head.status;
  trouble.may_pass = head.status == 429 || head.status >= 500;
  if (trouble.may_pass) trouble.cause = ModelFailure::Cause::unavailable;
  if (head.status >= 300 && head.status < 400) {
    trouble.reason = "it redirects (" + std::to_string(head.status) +
                     "), which is not followed; expected the final address in `url`";
    return trouble;
  }
  trouble.reason = "it answers with status " + std::to_string(head.status);
  const std::string message = message_of(body);
  if (!message.empty()) trouble.reason += ": " + message;
  if (trouble.may_pass)
    trouble.retry_after = parse_retry_after(head.retry_after, head.date, std::chrono::system_clock::now());
  return trouble;
}

}  // namespace slm::openai
