#include "models/openai/dispatcher.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "models/backoff.h"
#include "models/model.h"
#include "models/openai/error_text.h"
#include "models/openai/exchange.h"
#include "models/openai/http_connection.h"
#include "models/openai/request_headers.h"
#include "models/openai/ticket.h"

namespace slm::openai {
namespace {

using Clock = std::chrono::steady_clock;
using TicketPtr = std::shared_ptr<Ticket>;

constexpr auto kNever = Clock::time_point::max();
/// After its last event a response ends within this, or its connection is given up.
constexpr std::chrono::milliseconds kEndOfBody{1000};
/// A connection that was about to be made when its call was given up is closed a little later.
constexpr std::chrono::milliseconds kAbortAgain{20};
constexpr std::chrono::milliseconds kShortestPause{250};
constexpr std::chrono::milliseconds kLongestPause{20'000};

const char* path_of(OpenAiOptions::Api api) {
  switch (api) {
    case OpenAiOptions::Api::chat:
      return "/chat/completions";
    case OpenAiOptions::Api::completions:
      return "/completions";
    case OpenAiOptions::Api::embeddings:
      return "/embeddings";
  }
  return "";
}

std::string seconds_text(std::chrono::milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  const std::string text = std::to_string(tenths / 10);
  return (tenths % 10 == 0 ? text : text + '.' + std::to_string(tenths % 10)) + " s";
}

}  // namespace

class Dispatcher::State {
 public:
  explicit State(const OpenAiOptions& options)
      : options_(options),
        endpoint_(Endpoint::parse(options.url)),
        path_(endpoint_.path + path_of(options.api)),
        error_text_(endpoint_.origin(), options.api_key),
        headers_(request_headers(options, "application/json",
                                 options.stream ? "text/event-stream" : "application/json")),
        slots_(static_cast<std::size_t>(options.concurrency)) {}

  std::size_t connections() const { return slots_.size(); }

  void submit(Call call) {
    auto ticket = ticket_for(std::move(call));
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(ticket));
      is_changed_ = true;
    }
    arrived_.notify_one();
    changed_.notify_one();
  }

  void answer(Call call, std::variant<Reply, ModelFailure> result) {
    auto ticket = ticket_for(std::move(call));
    {
      const std::lock_guard lock(mutex_);
      answered_.push_back({std::move(ticket), std::move(result)});
      is_changed_ = true;
    }
    changed_.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
      is_changed_ = true;
    }
    arrived_.notify_all();
    given_up_.notify_all();
    changed_.notify_one();
  }

  /// The thread of one connection.
  void serve(std::size_t index) {
    pthread_setname_np(pthread_self(), "slm-openai");
    block_sigpipe();
    HttpConnection connection(endpoint_, options_);
    Backoff backoff(kShortestPause, kLongestPause);
    Slot& slot = slots_[index];
    while (const TicketPtr ticket = next(slot, connection)) {
      const auto result = run(slot, *ticket, connection, backoff);
      release(slot);
      if (result) ticket->settle(*result);
    }
  }

  /// The thread that looks after all the others.
  void watch() {
    pthread_setname_np(pthread_self(), "slm-openai-time");
    std::vector<Answer> answers;
    std::unique_lock lock(mutex_);
    while (true) {
      const Clock::time_point next_look = look(answers);
      if (!answers.empty()) {
        lock.unlock();
        for (Answer& answer : answers) answer.ticket->settle(std::move(answer.result));
        answers.clear();
        lock.lock();
        continue;
      }
      const bool is_idle = std::none_of(slots_.begin(), slots_.end(), [](auto& s) { return s.ticket; });
      if (is_stopped_ && is_idle) return;
      // A wait for ever is a wait of its own: the largest time overflows in some libraries.
      const auto is_changed = [this] { return std::exchange(is_changed_, false); };
      if (next_look == kNever) {
        changed_.wait(lock, is_changed);
      } else {
        changed_.wait_until(lock, next_look, is_changed);
      }
    }
  }

 private:
  struct Answer {
    TicketPtr ticket;
    std::variant<Reply, ModelFailure> result;
  };

  /// What one connection is at.
  struct Slot {
    TicketPtr ticket;  // null: idle
    HttpConnection* connection = nullptr;
    bool is_given_up = false;  // the call is answered by the one who watches
    bool is_aborted = false;   // the connection is to be closed
    Clock::time_point begun;   // the first try
    Clock::time_point sent;    // the current try; `kNever` in a pause
    // Written at every token, so without the mutex.
    std::atomic<Progress> progress = Progress::waiting;
    std::atomic<Clock::time_point> last_event;
  };

  TicketPtr ticket_for(Call call) {
    return std::make_shared<Ticket>(std::move(call), [this] { look_again(); });
  }

  void look_again() {
    {
      const std::lock_guard lock(mutex_);
      is_changed_ = true;
    }
    changed_.notify_one();
  }

  /// Whose turn it is of those that wait, under the mutex: the oldest that somebody waits for, else the
  /// oldest of batch work, which leaves a quarter of the connections free.
  std::deque<TicketPtr>::iterator next_turn() {
    const auto can_wait = [](const TicketPtr& ticket) { return ticket->call().patience.can_wait; };
    const auto interactive = std::ranges::find_if_not(waiting_, can_wait);
    if (interactive != waiting_.end()) return interactive;
    const auto batch =
        std::ranges::count_if(slots_, [&](const Slot& slot) { return slot.ticket && can_wait(slot.ticket); });
    const auto most = slots_.size() - slots_.size() / 4;
    return static_cast<std::size_t>(batch) < most ? waiting_.begin() : waiting_.end();
  }

  TicketPtr next(Slot& slot, HttpConnection& connection) {
    std::unique_lock lock(mutex_);
    auto turn = waiting_.end();
    arrived_.wait(lock, [&] { return is_stopped_ || (turn = next_turn()) != waiting_.end(); });
    if (is_stopped_) return nullptr;
    slot.ticket = std::move(*turn);
    waiting_.erase(turn);
    slot.connection = &connection;
    slot.is_given_up = false;
    slot.is_aborted = false;
    slot.begun = Clock::now();
    slot.sent = kNever;
    return slot.ticket;
  }

  void release(Slot& slot) {
    TicketPtr last;  // let go of outside the mutex, which a cancel takes
    {
      const std::lock_guard lock(mutex_);
      last = std::move(slot.ticket);
      slot.ticket = nullptr;
      slot.connection = nullptr;
      is_changed_ = true;
    }
    changed_.notify_one();
    arrived_.notify_one();  // batch work may have waited for this
  }

  /// Empty: the call was given up.
  std::optional<std::variant<Reply, ModelFailure>> run(Slot& slot, const Ticket& ticket,
                                                       HttpConnection& connection, Backoff& backoff) {
    backoff.reset();
    bool may_be_stale = true;
    for (int retry = 0;;) {
      if (!begin_try(slot)) return std::nullopt;
      Exchange exchange(ticket.call().is_enough, [&](Progress progress) { note_progress(slot, progress); });
      const HttpEnd end = connection.post(path_, headers_, ticket.call().body, exchange);
      auto result = exchange.finish(end);
      // What became of a connection that was closed under us says nothing of the server.
      if (is_given_up(slot)) return std::nullopt;
      if (auto* reply = std::get_if<Reply>(&result)) return std::move(*reply);
      const auto& trouble = std::get<Trouble>(result);
      // The server closed the connection while it was idle: no fault of anyone, so no try is counted.
      if (trouble.was_connection_stale && std::exchange(may_be_stale, false)) continue;
      const std::string reason =
          trouble.reason + (retry == 0 ? "" : " (the last of " + std::to_string(retry + 1) + " tries)");
      if (!trouble.may_pass || retry == options_.retries) return failure(trouble, reason);
      auto pause = backoff.next();
      if (trouble.retry_after) pause = std::max<std::chrono::milliseconds>(pause, *trouble.retry_after);
      const auto again = Clock::now() + pause;
      if (again >= std::min(ticket.call().patience.deadline, slot.begun + options_.timeout))
        return failure(trouble, reason + "; there is no time for the pause of " + seconds_text(pause) +
                                    " before another try");
      if (!wait(slot, again)) return std::nullopt;
      ++retry;
    }
  }

  ModelFailure failure(const Trouble& trouble, const std::string& reason) const {
    return {.reason = error_text_.of(reason),
            .cause = trouble.cause,
            .retry_after = trouble.retry_after,
            .prompt_tokens = trouble.prompt_tokens,
            .generated_tokens = trouble.generated_tokens};
  }

  bool begin_try(Slot& slot) {
    {
      const std::lock_guard lock(mutex_);
      if (slot.is_given_up || is_stopped_) return false;
      slot.sent = Clock::now();
      slot.progress = Progress::waiting;
      is_changed_ = true;
    }
    changed_.notify_one();
    return true;
  }

  bool is_given_up(const Slot& slot) {
    const std::lock_guard lock(mutex_);
    return slot.is_given_up;
  }

  void note_progress(Slot& slot, Progress progress) {
    slot.last_event = Clock::now();
    // From now on other, shorter limits hold; between tokens the one who watches finds out by itself.
    if (slot.progress.exchange(progress) != progress) look_again();
  }

  bool wait(Slot& slot, Clock::time_point until) {
    std::unique_lock lock(mutex_);
    slot.sent = kNever;
    return !given_up_.wait_until(lock, until, [&] { return slot.is_given_up || is_stopped_; });
  }

  struct Limit {
    Clock::time_point at;
    std::string_view what;
    std::chrono::milliseconds time;
  };

  /// The time limit of the server that is next to pass.
  Limit limit_of(const Slot& slot) const {
    Limit limit{slot.begun + options_.timeout, "no complete answer within the `timeout` of ",
                options_.timeout};
    const auto take = [&](const Limit& other) {
      if (other.at < limit.at) limit = other;
    };
    if (slot.sent == kNever) return limit;
    switch (slot.progress.load()) {
      case Progress::waiting:
        take({slot.sent + options_.first_token_timeout, "no token within the `first_token_timeout` of ",
              options_.first_token_timeout});
        break;
      case Progress::token:
        take({slot.last_event.load() + options_.token_timeout,
              "no further token within the `token_timeout` of ", options_.token_timeout});
        break;
      case Progress::complete:
        take({slot.last_event.load() + kEndOfBody, "", kEndOfBody});
        break;
    }
    return limit;
  }

  /// Takes out what is to be answered now, and says when to look again. Under the mutex.
  Clock::time_point look(std::vector<Answer>& answers) {
    const Clock::time_point now = Clock::now();
    Clock::time_point next = kNever;
    for (auto& [ticket, result] : answered_) answers.push_back({std::move(ticket), std::move(result)});
    answered_.clear();
    std::erase_if(waiting_, [&](TicketPtr& ticket) {
      auto failure = is_stopped_ ? unloaded() : ticket->impatience(now);
      if (failure) {
        answers.push_back({std::move(ticket), std::move(*failure)});
        return true;
      }
      next = std::min(next, ticket->call().patience.deadline);
      return false;
    });
    for (Slot& slot : slots_) {
      if (slot.ticket) next = std::min(next, look(slot, now, answers));
    }
    return next;
  }

  Clock::time_point look(Slot& slot, Clock::time_point now, std::vector<Answer>& answers) {
    if (!slot.is_aborted) {
      auto failure = is_stopped_ ? unloaded() : slot.ticket->impatience(now);
      const Limit limit = limit_of(slot);
      const bool is_late = now >= limit.at;
      const bool has_reply = slot.sent != kNever && slot.progress == Progress::complete;
      if (!failure && !is_late) return std::min(slot.ticket->call().patience.deadline, limit.at);
      if (!failure && !has_reply)
        failure = ModelFailure{.reason = error_text_.of(std::string(limit.what) + seconds_text(limit.time)),
                               .cause = ModelFailure::Cause::timeout};
      slot.is_aborted = true;
      // Where the reply is there, only the end of its body is missing, and its thread settles it.
      slot.is_given_up = failure.has_value();
      if (failure) answers.push_back({slot.ticket, std::move(*failure)});
      given_up_.notify_all();
    }
    slot.connection->abort();
    return now + kAbortAgain;
  }

  static std::optional<ModelFailure> unloaded() { return ModelFailure{.reason = "the model was unloaded"}; }

  const OpenAiOptions options_;
  const Endpoint endpoint_;
  const std::string path_;
  const ErrorText error_text_;
  const HttpHeaders headers_;

  std::mutex mutex_;                  // guards what follows
  std::condition_variable arrived_;   // for the connections
  std::condition_variable given_up_;  // for those that pause
  std::condition_variable changed_;   // for the one who watches
  std::deque<TicketPtr> waiting_;
  std::vector<Answer> answered_;  // without having been sent
  std::vector<Slot> slots_;
  bool is_changed_ = false;
  bool is_stopped_ = false;
};

Dispatcher::Dispatcher(const OpenAiOptions& options) : state_(std::make_shared<State>(options)) {
  try {
    threads_.emplace_back([state = state_] { state->watch(); });
    for (std::size_t i = 0; i < state_->connections(); ++i)
      threads_.emplace_back([state = state_, i] { state->serve(i); });
  } catch (const std::system_error& error) {
    end_threads();
    throw ModelError("no threads for " + std::to_string(options.concurrency) +
                     " connections: " + error.what());
  }
}

Dispatcher::~Dispatcher() {
  end_threads();
}

void Dispatcher::end_threads() {
  state_->stop();
  const auto is_this = [](const std::thread& thread) {
    return thread.get_id() == std::this_thread::get_id();
  };
  const bool is_own = std::any_of(threads_.begin(), threads_.end(), is_this);
  for (std::thread& thread : threads_) {
    if (is_own) {
      thread.detach();  // we are destroyed by a call's `done`; the threads end by themselves
    } else {
      thread.join();
    }
  }
}

void Dispatcher::submit(Call call) {
  state_->submit(std::move(call));
}

void Dispatcher::answer(Call call, std::variant<Reply, ModelFailure> result) {
  state_->answer(std::move(call), std::move(result));
}

}  // namespace slm::openai
