#include "models/openai/request_body.h"

#include <nlohmann/json.hpp>

namespace slm::openai {
namespace {

// The order of a schema's members tells some servers the order to write them in.
using Json = nlohmann::ordered_json;

void add_format(Json& body, const OutputFormat& format, bool is_strict) {
  if (!format.gbnf.empty()) body["grammar"] = format.gbnf;
  if (format.json_schema.empty()) return;
  body["response_format"] = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", "answer"}, {"strict", is_strict}, {"schema", Json::parse(format.json_schema)}}}};
}

void add_logprobs(Json& body, int top_logprobs, bool is_chat) {
  if (top_logprobs == 0) return;
  if (is_chat) {
    body["logprobs"] = true;
    body["top_logprobs"] = top_logprobs;
  } else {
    body["logprobs"] = top_logprobs;
  }
}

}  // namespace

std::string request_body(const Query& query, const OpenAiOptions& options) {
  const bool is_chat = options.api == OpenAiOptions::Api::chat;
  Json body{{"model", options.model}};
  if (is_chat) {
    body["messages"] = Json::array();
    for (const auto& [role, content] : query.chat.value_or(Chat{{"user", query.prompt}}))
      body["messages"].push_back({{"role", role}, {"content", content}});
  } else {
    body["prompt"] = query.prompt;
  }
  const bool is_new_name = is_chat && options.token_limit == OpenAiOptions::TokenLimit::max_completion_tokens;
  body[is_new_name ? "max_completion_tokens" : "max_tokens"] = query.max_tokens;
  body["temperature"] = query.temperature;
  if (query.temperature > 0) body["seed"] = query.seed;
  if (!query.stop.empty()) body["stop"] = query.stop;
  add_logprobs(body, query.top_logprobs, is_chat);
  add_format(body, query.format, options.strict);
  body["stream"] = options.stream;
  if (options.stream) body["stream_options"] = {{"include_usage", true}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string embedding_body(const std::string& text, const OpenAiOptions& options) {
  const Json body{{"model", options.model}, {"input", text}, {"encoding_format", "float"}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::openai
