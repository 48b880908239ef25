#include "models/llama/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "models/llama/backend_library.h"
#include "models/llama/batch_share.h"
#include "models/llama/context.h"
#include "models/llama/gguf_file.h"
#include "models/llama/guessing.h"
#include "models/llama/kv_cache.h"
#include "models/llama/prefix_file.h"
#include "models/llama/slot.h"
#include "models/llama/waiting_tasks.h"

namespace slm::llama {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kNever = Clock::time_point::max();

/// After an interactive request, how long the next is reckoned with: one waits for a step of batch work to
/// end.
constexpr std::chrono::seconds kInteractiveFor{10};

/// Why the answer is no longer wanted, if so.
std::optional<ModelFailure> impatience(const Patience& patience, Clock::time_point now) {
  if (patience.cancelled.stop_requested())
    return ModelFailure{ModelFailure::Kind::cancelled, "the request was cancelled"};
  if (patience.deadline != kNever && now >= patience.deadline)
    return ModelFailure{ModelFailure::Kind::expired, "the deadline passed before the model was done"};
  return std::nullopt;
}

struct Arrival {
  std::unique_ptr<Task> task;
  std::optional<ModelFailure> failure;  // decided before it came
};

/// A task that has made room, and what it needs to go on.
struct SetAside {
  Slot slot;  // as it was
  Snapshot evaluated;
};

}  // namespace

class Executor::Loop {
 public:
  Loop(std::shared_ptr<const Weights> weights, const LlamaOptions& options, int context, ModelLog log)
      : weights_(std::move(weights)),
        context_(make_context(*weights_, options, context)),
        cache_(context_.get(), static_cast<std::size_t>(options.slots), options.prefix_bytes),
        prefix_file_(weights_->info, options, context, std::move(log)),
        context_tokens_(context),
        logits_per_step_(logits_per_step(options)),
        batch_(options.batch),
        slots_(static_cast<std::size_t>(options.slots)),
        share_(options.batch_share) {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].sequence = static_cast<llama_seq_id>(i);
    // A big model's step takes seconds, which destruction should not wait for.
    llama_set_abort_callback(
        context_.get(), [](void* stopped) { return static_cast<std::atomic<bool>*>(stopped)->load(); },
        &is_stopped_);
    cache_.give_back(prefix_file_.read(options.prefix_bytes));
  }

  void submit(Arrival arrival) {
    {
      const std::lock_guard lock(mutex_);
      arrivals_.push_back(std::move(arrival));
    }
    arrived_.notify_one();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    arrived_.notify_one();
  }

  void run() {
    pthread_setname_np(pthread_self(), "slm-llama");
    while (collect()) {
      drop_unwanted();
      admit();
      if (fill_batch()) step();
    }
    for (Slot& slot : slots_) {
      if (!slot.is_free()) fail(slot, {.reason = "the model was unloaded"});
    }
    const auto unload = [](Task& task) {
      task.fail({.reason = "the model was unloaded"});
      return true;
    };
    for (const SetAside& one : set_aside_) unload(*one.slot.task);
    set_aside_.clear();
    waiting_.erase_if(unload);
    if (cache_.has_news()) prefix_file_.write(cache_.saved());
  }

 private:
  /// Takes in what arrived, waiting for something to do. False: stop.
  bool collect() {
    std::vector<Arrival> arrivals;
    {
      std::unique_lock lock(mutex_);
      const bool is_idle =
          waiting_.is_empty() && set_aside_.empty() && std::ranges::all_of(slots_, &Slot::is_free);
      if (is_idle) arrived_.wait(lock, [&] { return is_stopped_ || !arrivals_.empty(); });
      arrivals.swap(arrivals_);
    }
    for (Arrival& arrival : arrivals) {
      if (arrival.failure) {
        arrival.task->fail(std::move(*arrival.failure));
      } else {
        waiting_.add(std::move(arrival.task));
      }
    }
    return !is_stopped_;
  }

  void drop_unwanted() {
    const auto now = Clock::now();
    for (Slot& slot : slots_) {
      if (slot.is_free()) continue;
      if (auto failure = impatience(slot.task->patience(), now)) fail(slot, std::move(*failure));
    }
    const auto drop = [&](Task& task) {
      auto failure = impatience(task.patience(), now);
      if (failure) task.fail(std::move(*failure));
      return failure.has_value();
    };
    waiting_.erase_if(drop);
    std::erase_if(set_aside_, [&](const SetAside& one) { return drop(*one.slot.task); });
  }

  /// Gives slots to what waits: those that cannot wait first, in the place of batch work if need be, then
  /// what was set aside for them, then batch work.
  void admit() {
    const auto is_ready = [this](const Task& task) { return !is_being_prepared(task); };
    while ((!waiting_.is_empty() || !set_aside_.empty()) && make_room()) {
      if (!waiting_.has_interactive() && !set_aside_.empty()) {
        resume(free_slot({}));
      } else if (auto task = waiting_.take(is_ready)) {
        begin(std::move(task));
      } else {
        return;
      }
    }
  }

  /// Whether there is a free slot now.
  bool make_room() {
    if (std::ranges::any_of(slots_, &Slot::is_free)) return true;
    if (!waiting_.has_interactive()) return false;
    Slot* least = nullptr;
    const auto evaluated = [this](const Slot& slot) { return cache_.tokens(slot.sequence).size(); };
    for (Slot& slot : slots_)
      if (slot.can_wait() && (!least || evaluated(slot) < evaluated(*least))) least = &slot;
    if (least == nullptr) return false;
    set_aside(*least);
    return true;
  }

  /// Whether another task is about to evaluate more of the same beginning than is to be had now: it is then
  /// evaluated once, not by each of them. Somebody who waits does not wait for batch work.
  bool is_being_prepared(const Task& task) const {
    const std::size_t there = cache_.most_shared(task.prompt());
    std::size_t promised = 0;
    for (const Slot& slot : slots_) {
      if (!slot.is_in_prompt() || (slot.can_wait() && !task.patience().can_wait)) continue;
      promised = std::max(promised, shared_beginning(task.prompt(), slot.evaluation->tokens));
    }
    return promised >= there + KvCache::kLeastShared;
  }

  /// The one that has most of the prompt evaluated, of several that which was begun first.
  Slot& free_slot(std::span<const llama_token> prompt) {
    Slot* best = nullptr;
    std::size_t most = 0;
    for (Slot& slot : slots_) {
      if (!slot.is_free()) continue;
      const std::size_t shared = cache_.shared_with(slot.sequence, prompt);
      if (best && (shared < most || (shared == most && slot.begun >= best->begun))) continue;
      best = &slot;
      most = shared;
    }
    return *best;
  }

  void begin(std::unique_ptr<Task> task) {
    Slot& slot = free_slot(task->prompt());
    task->begin(static_cast<int>(cache_.begin(slot.sequence, task->prompt())));
    slot.task = std::move(task);
    slot.begun = Clock::now();
    advance(slot);
  }

  void set_aside(Slot& slot) {
    SetAside one;
    one.evaluated = cache_.save(slot.sequence);
    one.slot.evaluation = slot.evaluation;
    one.slot.evaluated = slot.evaluated;
    one.slot.task = release(slot);
    set_aside_.push_back(std::move(one));
  }

  void resume(Slot& slot) {
    SetAside one = std::move(set_aside_.front());
    set_aside_.pop_front();
    slot.task = std::move(one.slot.task);
    slot.evaluation = one.slot.evaluation;
    slot.evaluated = one.slot.evaluated;
    if (!cache_.restore(slot.sequence, one.evaluated))
      fail(slot, {.reason = "it had made room for another request, and llama.cpp could not go on with it"});
  }

  /// Moves the slot to its task's next evaluation, or ends the task.
  void advance(Slot& slot) {
    guessing_.set_answers(static_cast<std::size_t>(
        std::ranges::count_if(slots_, [](const Slot& one) { return !one.is_free(); })));
    slot.evaluation = slot.task->next(guessing_);
    slot.evaluated = 0;
    if (slot.evaluation == nullptr) {
      if (slot.cannot_wait()) share_.interactive_ended(Clock::now() - slot.begun);
      const std::unique_ptr<Task> task = release(slot);
      task->answer();
      return;
    }
    const auto end = slot.evaluation->start + static_cast<int>(slot.evaluation->tokens.size());
    if (end > context_tokens_) {
      return fail(
          slot, {.reason = "the context of " + std::to_string(context_tokens_) +
                           " tokens is full; give the model a larger `context` or ask for a shorter answer"});
    }
    // Of a prompt, a slot may have the beginning from the one before.
    if (slot.evaluation->start == 0)
      slot.evaluated = cache_.tokens(slot.sequence).size();
    else if (!cache_.go_back(slot.sequence, static_cast<std::size_t>(slot.evaluation->start)))
      fail(slot, {.reason = "this kind of model cannot go back to the end of a prompt"});
  }

  std::unique_ptr<Task> release(Slot& slot) {
    slot.evaluation = nullptr;
    slot.in_batch = 0;
    return std::move(slot.task);
  }

  void fail(Slot& slot, ModelFailure failure) { release(slot)->fail(std::move(failure)); }

  /// What takes part in the next step. Answers under way come first, so that a long prompt delays them by no
  /// more than its share of the step.
  bool fill_batch() {
    const bool has_interactive = std::ranges::any_of(slots_, &Slot::cannot_wait);
    const bool has_batch = std::ranges::any_of(slots_, &Slot::can_wait);
    const auto now = Clock::now();
    if (has_interactive) last_interactive_ = now;
    if (!has_interactive || !has_batch) share_.forget();
    is_batch_step_ = has_batch && (!has_interactive || share_.is_batch_next());
    const bool is_short = is_batch_step_ && last_interactive_ && now - *last_interactive_ < kInteractiveFor;
    batch_.clear(is_short ? share_.most_tokens() : batch_.capacity());
    int logits_room = logits_per_step_;
    for (const Slot::Rank rank : {Slot::Rank::token, Slot::Rank::guess, Slot::Rank::prompt}) {
      for (Slot& slot : slots_) {
        if (slot.is_free() || slot.can_wait() != is_batch_step_) continue;
        if (slot.rank() == rank) slot.fill(batch_, logits_room);
      }
    }
    return batch_.size() > 0;
  }

  void step() {
    const LogCapture log;
    const auto begin = Clock::now();
    int status = 0;
    try {
      status = llama_decode(context_.get(), batch_.get());
    } catch (const std::exception&) {
      status = -1;  // it is out of memory
    }
    const auto time = Clock::now() - begin;
    guessing_.stepped(time, static_cast<std::size_t>(batch_.size()));
    if (is_batch_step_)
      share_.batch_stepped(time, batch_.size());
    else
      share_.interactive_stepped(time);
    if (is_stopped_) return;
    for (Slot& slot : slots_) {
      if (slot.is_free() || slot.in_batch == 0) continue;
      if (status != 0) {
        fail(slot, {.reason = "llama.cpp could not decode (" + std::to_string(status) + "): " + log.text()});
        cache_.forget(slot.sequence);
      } else {
        take_logits(slot);
      }
    }
  }

  void take_logits(Slot& slot) {
    const std::size_t vocabulary = weights_->vocabulary.size();
    bool wants_more = true;
    for (std::size_t i = 0; i < slot.in_batch && wants_more; ++i) {
      if (!slot.wants_logits(slot.evaluated + i)) continue;
      const float* logits = llama_get_logits_ith(context_.get(), slot.batch_index + static_cast<int>(i));
      wants_more = slot.task->take(slot.evaluated + i, {logits, vocabulary});
    }
    cache_.append(slot.sequence, slot.tokens_in_batch());
    slot.evaluated += slot.in_batch;
    slot.in_batch = 0;
    if (slot.remaining() == 0 || !wants_more) advance(slot);
  }

  const std::shared_ptr<const Weights> weights_;
  const ContextHandle context_;  // after the weights: freed before them
  KvCache cache_;
  const PrefixFile prefix_file_;
  const int context_tokens_;
  const int logits_per_step_;
  Batch batch_;
  std::vector<Slot> slots_;
  WaitingTasks waiting_;
  std::deque<SetAside> set_aside_;
  BatchShare share_;
  Guessing guessing_;
  bool is_batch_step_ = false;
  std::optional<Clock::time_point> last_interactive_;  // when one was last under way

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Arrival> arrivals_;        // guarded by mutex_
  std::atomic<bool> is_stopped_{false};  // written under mutex_
};

Executor::Executor(std::shared_ptr<const Weights> weights, const LlamaOptions& options, ModelLog log)
    : context_(context_of(weights->info, options)),
      loop_(std::make_shared<Loop>(std::move(weights), options, context_, std::move(log))),
      thread_([loop = loop_] { loop->run(); }) {}

Executor::~Executor() {
  loop_->stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // we are destroyed by an answer's callback; the thread ends by itself
  } else {
    thread_.join();
  }
}

void Executor::submit(std::unique_ptr<Task> task) {
  loop_->submit({std::move(task), std::nullopt});
}

void Executor::refuse(std::unique_ptr<Task> task, std::string reason) {
  loop_->submit({std::move(task), ModelFailure{.reason = std::move(reason)}});
}

}  // namespace slm::llama
