#include "models/openai/exchange.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/openai/retry.h"

namespace slm::openai {
namespace {

/// Of an error's body: it is only quoted.
constexpr std::size_t kLongestError = 64 << 10;

/// What an error's body says, without its wrapping where that is known.
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

}  // namespace

Exchange::Exchange(std::function<bool(const Reply&)> is_enough, std::function<void(Progress)> on_progress)
    : is_enough_(std::move(is_enough)),
      on_progress_(std::move(on_progress)),
      events_([this](std::string_view data) { return take_event(data); }) {}

bool Exchange::head(const HttpHead& head) {
  head_ = head;
  if (head.status != 200) {
    form_ = Form::error;
  } else if (!head.content_encoding.empty() && head.content_encoding != "identity") {
    bad_ = "it answers in the encoding `" + head.content_encoding + "`, which was not asked for";
  } else if (head.content_type == "text/event-stream") {
    form_ = Form::stream;
  } else if (head.content_type == "application/json") {
    form_ = Form::whole;
  } else {
    bad_ = "it answers with `" + head.content_type +
           "`; expected `text/event-stream` or `application/json`: is the address that of the API?";
  }
  return !bad_;
}

bool Exchange::body(std::string_view bytes) {
  received_ += bytes.size();
  if (form_ == Form::error) {
    text_ += bytes.substr(0, kLongestError - std::min(kLongestError, text_.size()));
    return text_.size() < kLongestError;
  }
  if (received_ > kLongestBody) {
    bad_ = "its answer is longer than " + std::to_string(kLongestBody >> 20U) + " MB";
    return false;
  }
  if (form_ == Form::whole) {
    text_ += bytes;
    return true;
  }
  try {
    return events_.append(bytes);
  } catch (const BadReply& error) {
    bad_ = error.what();
    return false;
  }
}

bool Exchange::take_event(std::string_view data) {
  if (is_complete_) return true;  // to the end of the body, so that the connection can be kept
  if (data == "[DONE]") {
    is_complete_ = true;
    on_progress_(Progress::complete);
    return true;
  }
  reader_.take(data);
  if (reader_.reply().has_begun) on_progress_(Progress::token);
  if (is_enough_ && !reader_.reply().finish && is_enough_(reader_.reply())) {
    is_ended_early_ = true;
    return false;
  }
  return true;
}

Trouble Exchange::refusal() const {
  Trouble trouble;
  trouble.may_pass = head_.status == 429 || head_.status >= 500;
  if (head_.status >= 300 && head_.status < 400) {
    trouble.reason = "it redirects (" + std::to_string(head_.status) +
                     "), which is not followed; expected the final address in `url`";
    return trouble;
  }
  trouble.reason = "it answers with status " + std::to_string(head_.status);
  const std::string message = message_of(text_);
  if (!message.empty()) trouble.reason += ": " + message;
  if (trouble.may_pass)
    trouble.retry_after = parse_retry_after(head_.retry_after, head_.date, std::chrono::system_clock::now());
  return trouble;
}

std::variant<Reply, Trouble> Exchange::finish(const HttpEnd& end) {
  using Kind = HttpEnd::Kind;
  if (bad_) return Trouble{*bad_};
  // An error's body need not be complete, nor come at all.
  if (form_ == Form::error) return refusal();
  if (form_ == Form::none) {
    const bool has_broken = end.kind == Kind::broken;
    return Trouble{.reason = has_broken ? "the connection broke before an answer came" : end.reason,
                   .may_pass = has_broken || end.kind == Kind::not_connected,
                   .was_connection_stale = has_broken && end.was_kept};
  }
  try {
    if (is_ended_early_) return reader_.finish_early();
    if (form_ == Form::whole && end.kind == Kind::complete) reader_.take(text_);
    const bool is_whole = is_complete_ || end.kind == Kind::complete;
    if (!is_whole && !reader_.reply().finish) return Trouble{end.reason};
    return reader_.finish();
  } catch (const BadReply& error) {
    return Trouble{error.what()};
  }
}

}  // namespace slm::openai
