#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "graph/node.h"
#include "models/pacer.h"
#include "nodes/charge.h"
#include "nodes/patience.h"
#include "nodes/tries.h"

namespace slm {

/// Asks a node's model, and again after failures that its `retry` names. Between tries the message is parked.
///
/// Any thread; it is the node's last member, so that what waits is ended before the rest of the node goes.
class Retry {
 public:
  /// Empty options: each call is one try. Answers of a model that is batched may take hours: messages are
  /// then parked from the beginning.
  explicit Retry(std::optional<RetryOptions> options, bool is_batched = false)
      : options_{options}, is_batched_{is_batched}, pacer_{options ? std::make_unique<Pacer>() : nullptr} {}

  template <class Result>
  using Done = std::function<void(Result)>;
  /// Calls the model once; must not throw.
  template <class Result>
  using Ask = std::function<void(Patience, Done<Result>)>;

  /// `done` is called once, as by the model. The message must be valid until then, and so must what `ask`
  /// refers to.
  template <class Result>
  void ask(Message& message, Ask<Result> ask, std::function<void(Result, Spent)> done) {
    if (is_batched_) park_once(message);
    auto tries = options_ ? std::make_shared<Tries>(*options_, message) : nullptr;
    begin_try(std::make_shared<const Call<Result>>(
        Call<Result>{message, std::move(tries), std::move(ask), std::move(done)}));
  }

 private:
  template <class Result>
  struct Call {
    Message& message;
    std::shared_ptr<Tries> tries;  ///< null: one
    Ask<Result> ask;
    std::function<void(Result, Spent)> done;
  };
  template <class Result>
  using CallPtr = std::shared_ptr<const Call<Result>>;

  template <class Result>
  void begin_try(CallPtr<Result> call) {
    Patience patience = patience_of(call->message, is_batched_);
    if (call->tries)
      patience.will_ask_again = [tries = call->tries](const ModelFailure& failure) {
        return tries->wait_after(failure).has_value();
      };
    call->ask(std::move(patience), [this, call](Result result) {
      const auto* failure = std::get_if<ModelFailure>(&result);
      const auto wait = failure && call->tries ? call->tries->wait_after(*failure) : std::nullopt;
      if (!wait) return end(*call, std::move(result));
      call->tries->next(*failure);
      park_once(call->message);
      pacer_->wait(*wait, {call->message.deadline, call->message.request.cancelled, {}},
                   [this, call, begin = Clock::now()](std::optional<ModelFailure> ended) {
                     call->tries->add_wait(Clock::now() - begin);
                     if (ended) return end(*call, Result{std::move(*ended)});
                     begin_try(call);
                   });
    });
  }

  template <class Result>
  static void end(const Call<Result>& call, Result result) {
    Spent spent;
    if (const auto* failure = std::get_if<ModelFailure>(&result)) {
      spent.prompt_tokens = failure->prompt_tokens;
      spent.generated_tokens = failure->generated_tokens;
      if (call.tries) result = call.tries->last_word(*failure);
    }
    if (call.tries) {
      spent.time = Clock::now() - call.message.hop().entered - call.tries->waited();
      spent.failed_tries = call.tries->failed();
      spent.prompt_tokens += call.tries->prompt_tokens();
      spent.generated_tokens += call.tries->generated_tokens();
    }
    call.done(std::move(result), spent);
  }

  /// An answer and its samples are tried again together, each on a thread of its own.
  void park_once(Message& message) {
    const std::lock_guard lock{parking_};
    park(message);
  }

  const std::optional<RetryOptions> options_;
  const bool is_batched_;
  std::mutex parking_;
  std::unique_ptr<Pacer> pacer_;  ///< null without options
};

}  // namespace slm
