#include "models/llama/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "models/llama/backend_library.h"
#include "models/llama/context.h"
#include "models/llama/gguf_file.h"
#include "models/llama/slot.h"

namespace slm::llama {
namespace {

constexpr auto kNever = std::chrono::steady_clock::time_point::max();

/// Why the answer is no longer wanted, if so.
std::optional<ModelFailure> impatience(const Patience& patience, std::chrono::steady_clock::time_point now) {
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

}  // namespace

class Executor::Loop {
 public:
  Loop(std::shared_ptr<const Weights> weights, const LlamaOptions& options, int context)
      : weights_(std::move(weights)),
        context_(make_context(*weights_, options, context)),
        memory_(llama_get_memory(context_.get())),
        context_tokens_(context),
        logits_per_step_(logits_per_step(options)),
        batch_(options.batch),
        slots_(static_cast<std::size_t>(options.slots)) {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].sequence = static_cast<llama_seq_id>(i);
    // A big model's step takes seconds, which destruction should not wait for.
    llama_set_abort_callback(
        context_.get(), [](void* stopped) { return static_cast<std::atomic<bool>*>(stopped)->load(); },
        &is_stopped_);
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
    for (const auto& task : waiting_) task->fail({.reason = "the model was unloaded"});
    waiting_.clear();
  }

 private:
  /// Takes in what arrived, waiting for something to do. False: stop.
  bool collect() {
    std::vector<Arrival> arrivals;
    {
      std::unique_lock lock(mutex_);
      const bool is_idle = waiting_.empty() && std::all_of(slots_.begin(), slots_.end(),
                                                           [](const Slot& slot) { return slot.is_free(); });
      if (is_idle) arrived_.wait(lock, [&] { return is_stopped_ || !arrivals_.empty(); });
      arrivals.swap(arrivals_);
    }
    for (Arrival& arrival : arrivals) {
      if (arrival.failure) {
        arrival.task->fail(std::move(*arrival.failure));
      } else {
        waiting_.push_back(std::move(arrival.task));
      }
    }
    return !is_stopped_;
  }

  void drop_unwanted() {
    const auto now = std::chrono::steady_clock::now();
    for (Slot& slot : slots_) {
      if (slot.is_free()) continue;
      if (auto failure = impatience(slot.task->patience(), now)) fail(slot, std::move(*failure));
    }
    std::erase_if(waiting_, [&](const std::unique_ptr<Task>& task) {
      auto failure = impatience(task->patience(), now);
      if (failure) task->fail(std::move(*failure));
      return failure.has_value();
    });
  }

  void admit() {
    for (Slot& slot : slots_) {
      while (slot.is_free() && !waiting_.empty()) {
        slot.task = std::move(waiting_.front());
        waiting_.pop_front();
        advance(slot);
      }
    }
  }

  /// Moves the slot to its task's next evaluation, or ends the task.
  void advance(Slot& slot) {
    slot.evaluation = slot.task->next();
    slot.evaluated = 0;
    if (slot.evaluation == nullptr) {
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
    if (slot.evaluation->start < slot.kept &&
        !llama_memory_seq_rm(memory_, slot.sequence, slot.evaluation->start, -1))
      return fail(slot, {.reason = "this kind of model cannot go back to the end of a prompt"});
    slot.kept = slot.evaluation->start;
  }

  std::unique_ptr<Task> release(Slot& slot) {
    llama_memory_seq_rm(memory_, slot.sequence, -1, -1);
    slot.evaluation = nullptr;
    slot.in_batch = 0;
    slot.kept = 0;
    return std::move(slot.task);
  }

  void fail(Slot& slot, ModelFailure failure) { release(slot)->fail(std::move(failure)); }

  /// Answers under way first, so that a long prompt delays them by no more than its share of a step.
  bool fill_batch() {
    batch_.clear();
    int logits_room = logits_per_step_;
    for (const bool takes_single : {true, false}) {
      for (Slot& slot : slots_) {
        if (!slot.is_free() && (slot.remaining() == 1) == takes_single) slot.fill(batch_, logits_room);
      }
    }
    return batch_.size() > 0;
  }

  void step() {
    const LogCapture log;
    int status = 0;
    try {
      status = llama_decode(context_.get(), batch_.get());
    } catch (const std::exception&) {
      status = -1;  // it is out of memory
    }
    if (is_stopped_) return;
    for (Slot& slot : slots_) {
      if (slot.is_free() || slot.in_batch == 0) continue;
      if (status != 0) {
        fail(slot, {.reason = "llama.cpp could not decode (" + std::to_string(status) + "): " + log.text()});
      } else {
        take_logits(slot);
      }
    }
  }

  void take_logits(Slot& slot) {
    const std::size_t vocabulary = weights_->vocabulary.size();
    for (std::size_t i = 0; i < slot.in_batch; ++i) {
      if (!slot.wants_logits(slot.evaluated + i)) continue;
      const float* logits = llama_get_logits_ith(context_.get(), slot.batch_index + static_cast<int>(i));
      slot.task->take(slot.evaluated + i, {logits, vocabulary});
    }
    slot.evaluated += slot.in_batch;
    slot.kept += static_cast<int>(slot.in_batch);
    slot.in_batch = 0;
    if (slot.remaining() == 0) advance(slot);
  }

  const std::shared_ptr<const Weights> weights_;
  const ContextHandle context_;  // after the weights: freed before them
  const llama_memory_t memory_;
  const int context_tokens_;
  const int logits_per_step_;
  Batch batch_;
  std::vector<Slot> slots_;
  std::deque<std::unique_ptr<Task>> waiting_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Arrival> arrivals_;        // guarded by mutex_
  std::atomic<bool> is_stopped_{false};  // written under mutex_
};

Executor::Executor(std::shared_ptr<const Weights> weights, const LlamaOptions& options)
    : context_(context_of(weights->info, options)),
      loop_(std::make_shared<Loop>(std::move(weights), options, context_)),
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
