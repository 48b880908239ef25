#include "models/openai/reply.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/openai/json_member.h"
#include "models/output/utf8.h"

namespace slm::openai {
namespace {

using nlohmann::json;

std::optional<int> count_of(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  const auto count = value.get<std::int64_t>();
  if (count < 0 || count > 1'000'000'000) return std::nullopt;
  return static_cast<int>(count);
}

/// The message of an error in any of the shapes that servers give it.
std::string error_text(const json& error) {
  if (error.is_string()) return text_of(error);
  const std::string message = text_of(member(error, "message"));
  return message.empty() ? error.dump(-1, ' ', false, json::error_handler_t::replace) : message;
}

std::optional<float> logprob_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double logprob = value.get<double>();
  // Rounding may leave a sure token a little above 0; anything more is no log-probability.
  if (!std::isfinite(logprob) || logprob > 1e-3) return std::nullopt;
  return static_cast<float>(std::min(logprob, 0.0));
}

std::vector<float> numbers_of(const json& list) {
  std::vector<float> numbers;
  if (!list.is_array()) throw BadReply("an embedding came that is no list of numbers");
  numbers.reserve(list.size());
  for (const json& number : list) {
    if (!number.is_number()) throw BadReply("an embedding came that is no list of numbers");
    numbers.push_back(number.get<float>());
  }
  return numbers;
}

std::string bytes_of(const json& entry) {
  const json& bytes = member(entry, "bytes");
  if (!bytes.is_array()) return text_of(member(entry, "token"));
  std::string text;
  for (const json& byte : bytes) {
    if (!byte.is_number_integer()) return text_of(member(entry, "token"));
    text += static_cast<char>(byte.get<int>());
  }
  return text;
}

/// Adds a token; false where it has no log-probability.
bool add(std::vector<ReplyToken>& tokens, std::string text, const json& logprob) {
  // An end of the text is a token too, but none of the answer.
  if (text.empty()) return true;
  const std::optional<float> value = logprob_of(logprob);
  if (!value) return false;
  tokens.push_back({std::move(text), *value, {}});
  return true;
}

/// As the chat API has it, and llama-server for completions too: `content` is a list of tokens.
bool take_content(const json& content, std::vector<ReplyToken>& tokens) {
  for (const json& entry : content) {
    const std::size_t before = tokens.size();
    if (!add(tokens, bytes_of(entry), member(entry, "logprob"))) return false;
    if (tokens.size() == before) continue;
    for (const json& other : member(entry, "top_logprobs")) {
      if (const auto logprob = logprob_of(member(other, "logprob")))
        tokens.back().likeliest.emplace_back(bytes_of(other), *logprob);
    }
  }
  return true;
}

/// As the completions API has it: lists side by side.
bool take_lists(const json& logprobs, std::vector<ReplyToken>& tokens) {
  const json& texts = member(logprobs, "tokens");
  const json& values = member(logprobs, "token_logprobs");
  const json& top = member(logprobs, "top_logprobs");
  if (!texts.is_array() || !values.is_array() || texts.size() != values.size()) return false;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t before = tokens.size();
    if (!add(tokens, text_of(texts[i]), values[i])) return false;
    if (tokens.size() == before || !top.is_array() || i >= top.size() || !top[i].is_object()) continue;
    for (const auto& other : top[i].items()) {
      if (const auto logprob = logprob_of(other.value()))
        tokens.back().likeliest.emplace_back(other.key(), *logprob);
    }
  }
  return true;
}

/// False where there are none, or one lacks its value.
bool take_logprobs(const json& logprobs, std::vector<ReplyToken>& tokens) {
  const json& content = member(logprobs, "content");
  if (content.is_array()) return take_content(content, tokens);
  return take_lists(logprobs, tokens);
}

/// Tokens that a server decoded one by one may lack the spaces around them.
std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return text;
}

/// Whether the tokens are the whole text. A stream may lose some: llama-server's those of a character that
/// takes several.
bool cover(const std::vector<ReplyToken>& tokens, const Reply& reply) {
  if (tokens.empty()) return false;
  std::string joined;
  for (const ReplyToken& token : tokens) joined += token.text;
  if (without_spaces(std::move(joined)).starts_with(without_spaces(reply.text))) return true;
  // Or their texts are not what they became; then the server's count decides, which may include the end.
  return reply.generated_tokens && static_cast<int>(tokens.size()) + 1 >= *reply.generated_tokens;
}

constexpr std::size_t kLongestQuote = 200;

std::string quote(const std::string& text) {
  if (text.size() <= kLongestQuote) return '"' + text + '"';
  return '"' + output::valid_utf8(text.substr(0, kLongestQuote)) + "…\"";
}

}  // namespace

void ReplyReader::take(std::string_view text) {
  const json event = json::parse(text, nullptr, false);
  if (!event.is_object()) throw BadReply("no JSON object came, but " + quote(std::string(text)));
  const json& error = member(event, "error");
  if (!error.is_null()) throw BadReply("it says: " + error_text(error));
  const json& usage = member(event, "usage");
  if (const auto count = count_of(member(usage, "prompt_tokens"))) reply_.prompt_tokens = count;
  if (const auto count = count_of(member(usage, "completion_tokens"))) reply_.generated_tokens = count;
  if (const json& data = member(event, "data"); data.is_array() && !data.empty()) {
    reply_.embedding = numbers_of(member(data.front(), "embedding"));
    reply_.finish = Reply::Finish::end;
    return;
  }
  const json& choices = member(event, "choices");
  if (!choices.is_array()) throw BadReply("an answer without `choices` came: " + quote(std::string(text)));
  if (choices.empty()) return;  // as where only the usage comes
  const json& choice = choices.front();
  const json& delta = member(choice, "delta");
  const json& message = delta.is_object() ? delta : member(choice, "message");
  const std::string refusal = text_of(member(message, "refusal"));
  if (!refusal.empty()) throw BadReply("the model refuses: " + refusal);
  const std::string added =
      message.is_object() ? text_of(member(message, "content")) : text_of(member(choice, "text"));
  reply_.text += added;
  // What a model thinks before it answers is neither answer nor evidence.
  const bool is_thought = added.empty() && !text_of(member(message, "reasoning_content")).empty();
  reply_.has_begun = reply_.has_begun || is_thought || !added.empty();
  const json& logprobs = member(choice, "logprobs");
  if (!is_thought && !(logprobs.is_null() ? added.empty() : take_logprobs(logprobs, reply_.tokens)))
    is_any_token_missing_ = true;
  const std::string finish = text_of(member(choice, "finish_reason"));
  if (!finish.empty()) take_finish(finish);
  // vLLM names the stop string, or the number of the token.
  if (reply_.finish == Reply::Finish::end && member(choice, "stop_reason").is_string())
    reply_.finish = Reply::Finish::stop_string;
}

void ReplyReader::take_finish(const std::string& reason) {
  if (reason == "stop" || reason == "eos_token" || reason == "end_turn") {
    reply_.finish = Reply::Finish::end;
  } else if (reason == "stop_sequence") {
    reply_.finish = Reply::Finish::stop_string;
  } else if (reason == "length" || reason == "max_tokens") {
    reply_.finish = Reply::Finish::token_limit;
  } else if (reason == "content_filter") {
    throw BadReply("its content filter stopped the answer");
  } else if (reason == "tool_calls" || reason == "function_call") {
    throw BadReply("the model calls a tool, and none was offered");
  } else {
    throw BadReply("it ended the answer for the unknown reason " + quote(reason));
  }
}

Reply ReplyReader::finish() {
  if (!reply_.finish) throw BadReply("the answer ends in the middle, after " + quote(reply_.text));
  return finish_early();
}

Reply ReplyReader::finish_early() {
  reply_.has_all_tokens = !is_any_token_missing_ && cover(reply_.tokens, reply_);
  return std::move(reply_);
}

}  // namespace slm::openai
