#include "models/openai/exchange.h"

#include <algorithm>

namespace slm::openai {
namespace {

using Cause = ModelFailure::Cause;

/// Of an error's body: it is only quoted.
constexpr std::size_t kLongestError = 64 << 10;

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

Trouble Exchange::in_vain(std::string reason, Cause cause) const {
  const Reply& reply = reader_.reply();
  Trouble trouble{.reason = std::move(reason), .cause = cause};
  trouble.prompt_tokens = reply.prompt_tokens.value_or(0);
  trouble.generated_tokens = reply.generated_tokens.value_or(static_cast<int>(reply.tokens.size()));
  return trouble;
}

std::variant<Reply, Trouble> Exchange::finish(const HttpEnd& end) {
  using Kind = HttpEnd::Kind;
  if (bad_) return in_vain(*bad_, Cause::invalid);
  // An error's body need not be complete, nor come at all.
  if (form_ == Form::error) return refusal_of(head_, text_);
  if (form_ == Form::none) {
    const bool has_broken = end.kind == Kind::broken;
    const bool may_pass = has_broken || end.kind == Kind::not_connected;
    return Trouble{.reason = has_broken ? "the connection broke before an answer came" : end.reason,
                   .may_pass = may_pass,
                   .was_connection_stale = has_broken && end.was_kept,
                   .cause = may_pass ? Cause::unavailable : Cause::other};
  }
  try {
    if (is_ended_early_) return reader_.finish_early();
    if (form_ == Form::whole && end.kind == Kind::complete) reader_.take(text_);
    const bool is_whole = is_complete_ || end.kind == Kind::complete;
    if (!is_whole && !reader_.reply().finish) return in_vain(end.reason, Cause::interrupted);
    return reader_.finish();
  } catch (const BadReply& error) {
    // Of a stream the events have been taken before: only its end can be missing.
    return in_vain(error.what(), form_ == Form::stream ? Cause::interrupted : Cause::invalid);
  }
}

}  // namespace slm::openai
