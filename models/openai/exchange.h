#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "models/generator.h"
#include "models/openai/event_stream.h"
#include "models/openai/http_connection.h"
#include "models/openai/refusal.h"
#include "models/openai/reply.h"

namespace slm::openai {

/// How far a try has come.
enum class Progress { waiting, token, complete };

/// One try: turns a response into a reply. One thread.
class Exchange : public HttpReader {
 public:
  /// `is_enough` ends the answer early, and is asked after every event; `on_progress` hears of every event.
  Exchange(std::function<bool(const Reply&)> is_enough, std::function<void(Progress)> on_progress);

  bool head(const HttpHead& head) override;
  bool body(std::string_view bytes) override;

  /// After the request has ended.
  std::variant<Reply, Trouble> finish(const HttpEnd& end);

  /// More comes from a server that is broken or means harm.
  static constexpr std::size_t kLongestBody = 64 << 20;

 private:
  enum class Form { none, stream, whole, error };

  bool take_event(std::string_view data);
  /// Where the server had begun to answer.
  Trouble in_vain(std::string reason, ModelFailure::Cause cause) const;

  std::function<bool(const Reply&)> is_enough_;
  std::function<void(Progress)> on_progress_;
  HttpHead head_;
  Form form_ = Form::none;
  std::size_t received_ = 0;
  std::string text_;  // of a body that is no stream
  EventStream events_;
  ReplyReader reader_;
  bool is_complete_ = false;  // the stream's last event came
  bool is_ended_early_ = false;
  std::optional<std::string> bad_;  // what is wrong with the response
};

}  // namespace slm::openai
