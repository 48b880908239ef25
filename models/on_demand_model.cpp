#include "models/on_demand_model.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/llama/constraint_check.h"

namespace slm {
namespace {

using Clock = MemoryBudget::Clock;

/// How often those who wait are looked after.
constexpr std::chrono::milliseconds kLook{10};
/// A model stays for so many times as long as it took to load.
constexpr int kStays = 4;

/// Compiled by each model that is loaded.
struct SourceConstraint : Constraint {
  explicit SourceConstraint(ConstraintSource given) : source{std::move(given)} {}

  const ConstraintSource source;
  const std::uint64_t number = next++;  ///< tells it from all others, also those that are gone

  inline static std::atomic<std::uint64_t> next{0};
};

/// A model and what it has compiled, which holds its weights. Any thread.
class Loaded {
 public:
  explicit Loaded(Model model) : model_{std::move(model)} {}

  const Model& model() const { return model_; }

  /// Throws `ModelError`.
  std::shared_ptr<const Constraint> compiled(const SourceConstraint& constraint) {
    const std::lock_guard lock{mutex_};
    auto& compiled = compiled_[constraint.number];
    if (!compiled) compiled = model_.generator->compile(constraint.source);
    return compiled;
  }

 private:
  const Model model_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<const Constraint>> compiled_;
};

/// Whether this thread tells somebody an answer, and so may be a thread of the model.
thread_local bool is_answering = false;

std::optional<ModelFailure> impatience(const Patience& patience) {
  if (patience.cancelled.stop_requested())
    return ModelFailure{ModelFailure::Kind::cancelled, "the request was cancelled"};
  if (Clock::now() >= patience.deadline)
    return ModelFailure{ModelFailure::Kind::expired, "the deadline passed before the model was loaded"};
  return std::nullopt;
}

}  // namespace

/// A request: exactly one of the two is called, once.
struct OnDemandModel::Waiting {
  Patience patience;
  std::function<void(Loaded&)> ask;
  std::function<void(ModelFailure)> fail;
};

class OnDemandModel::State : public MemoryBudget::Tenant {
  using Lock = std::unique_lock<std::mutex>;

 public:
  State(std::uint64_t bytes, Load load, std::shared_ptr<MemoryBudget> budget)
      : bytes_{bytes}, load_{std::move(load)}, budget_{std::move(budget)} {}

  void take(Waiting request) {
    Lock lock{mutex_};
    last_used_ = Clock::now();
    if (!model_ || has_to_go_) {
      waiting_.push_back(std::move(request));
      lock.unlock();
      changed_.notify_all();
      return;
    }
    const auto model = model_;
    ++busy_;
    lock.unlock();
    request.ask(*model);
  }

  /// A request that was asked is about to be told its answer; then it has been.
  void answers() { last_used_ = Clock::now(); }
  void ended() {
    {
      const std::lock_guard lock{mutex_};
      --busy_;
    }
    changed_.notify_all();
  }

  void make_way() override {
    {
      const std::lock_guard lock{mutex_};
      has_to_go_ = true;
    }
    changed_.notify_all();
  }
  Clock::time_point last_used() const override { return last_used_; }
  Clock::time_point stays_until() const override { return stays_until_; }

  bool is_loaded() const {
    const std::lock_guard lock{mutex_};
    return model_ != nullptr;
  }

  void stop() {
    {
      const std::lock_guard lock{mutex_};
      is_stopped_ = true;
    }
    changed_.notify_all();
  }

  void run() {
    pthread_setname_np(pthread_self(), "slm-on-demand");
    Lock lock{mutex_};
    while (!is_stopped_) {
      drop_unwanted(lock);
      if (can_go()) {
        unload(lock);
      } else if (waiting_.empty() && is_in_line_) {
        leave_line(lock);
      } else if (waiting_.empty()) {
        changed_.wait(lock, [&] { return is_stopped_ || !waiting_.empty() || can_go(); });
      } else if (!model_) {
        load(lock);
      } else if (has_to_go_) {
        changed_.wait_for(lock, kLook, [&] { return is_stopped_ || can_go(); });
      } else {
        ask_all(lock);
      }
    }
    fail_all(lock, {.reason = "the model was unloaded"});
    unload(lock);
    leave_line(lock);
  }

 private:
  /// Whether it makes way and has done what was begun.
  bool can_go() const { return model_ && has_to_go_ && busy_ == 0; }

  void unload(Lock& lock) {
    auto model = std::exchange(model_, nullptr);
    if (!model) return;
    lock.unlock();
    model.reset();
    budget_->leave(*this);
    lock.lock();
    has_to_go_ = false;
  }

  void leave_line(Lock& lock) {
    if (!std::exchange(is_in_line_, false)) return;
    lock.unlock();
    budget_->leave(*this);
    lock.lock();
  }

  void ask_all(Lock& lock) {
    const auto model = model_;
    const std::vector<Waiting> ready = std::exchange(waiting_, {});
    busy_ += ready.size();
    lock.unlock();
    for (const Waiting& one : ready) one.ask(*model);
    lock.lock();
  }

  /// Loads the model where there is room, else waits a little.
  void load(Lock& lock) {
    stays_until_ = Clock::time_point::max();  // while it is loaded, and not yet of use
    lock.unlock();
    const auto began = Clock::now();
    const auto entry = budget_->enter(*this, bytes_);
    std::shared_ptr<Loaded> model;
    bool is_given_up = false;  // since nobody waited; who has come meanwhile waits for another try
    std::string why = "there is no room for it beside the models that are always loaded";
    if (entry == MemoryBudget::Entry::granted) {
      try {
        model = std::make_shared<Loaded>(load_([&] {
          is_given_up = is_given_up || !is_wanted();  // once and for all: it is asked again why
          return !is_given_up;
        }));
      } catch (const std::exception& error) {
        why = error.what();  // a `ModelError`, or there is no memory
        budget_->leave(*this);
      }
    }
    lock.lock();
    const auto now = Clock::now();
    last_used_ = now;
    stays_until_ = now + kStays * (now - began);
    model_ = std::move(model);
    is_in_line_ = entry == MemoryBudget::Entry::wait;
    if (is_in_line_)
      changed_.wait_for(lock, kLook, [&] { return is_stopped_; });
    else if (!model_ && !is_given_up)
      fail_all(lock, {.reason = why, .cause = ModelFailure::Cause::unavailable});
  }

  /// While it is loaded: whether anybody still waits for that.
  bool is_wanted() {
    Lock lock{mutex_};
    drop_unwanted(lock);
    return !is_stopped_ && !waiting_.empty();
  }

  void drop_unwanted(Lock& lock) {
    std::vector<std::pair<Waiting, ModelFailure>> dropped;
    std::erase_if(waiting_, [&](Waiting& one) {
      const auto failure = impatience(one.patience);
      if (failure) dropped.emplace_back(std::move(one), *failure);
      return failure.has_value();
    });
    if (dropped.empty()) return;
    lock.unlock();
    for (auto& [one, failure] : dropped) one.fail(std::move(failure));
    lock.lock();
  }

  void fail_all(Lock& lock, const ModelFailure& failure) {
    const std::vector<Waiting> all = std::exchange(waiting_, {});
    lock.unlock();
    for (const Waiting& one : all) one.fail(failure);
    lock.lock();
  }

  const std::uint64_t bytes_;
  const Load load_;
  const std::shared_ptr<MemoryBudget> budget_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Loaded> model_;  // null: not loaded
  std::vector<Waiting> waiting_;
  std::size_t busy_ = 0;  // requests that the model has
  std::atomic<Clock::time_point> last_used_{Clock::time_point{}};
  std::atomic<Clock::time_point> stays_until_{Clock::time_point{}};
  bool has_to_go_ = false;
  bool is_in_line_ = false;  // for memory
  bool is_stopped_ = false;
};

/// A request that `ask` asks of the model, with what takes its answer.
template <class Request, class Result, class Ask>
OnDemandModel::Waiting OnDemandModel::waiting(Request request, std::function<void(Result)> done, Ask ask) {
  const auto tell = [done = std::move(done)](Result result) {
    const bool was_answering = std::exchange(is_answering, true);
    done(std::move(result));
    is_answering = was_answering;
  };
  Patience patience = request.patience;
  return {std::move(patience),
          [state = state_, tell, request = std::move(request), ask](Loaded& loaded) {
            ask(loaded, request, [state, tell](Result result) {
              state->answers();
              tell(std::move(result));
              state->ended();
            });
          },
          [tell](ModelFailure failure) { tell(std::move(failure)); }};
}

OnDemandModel::OnDemandModel(std::uint64_t bytes, Load load, std::shared_ptr<MemoryBudget> budget)
    : state_{std::make_shared<State>(bytes, std::move(load), std::move(budget))}, thread_{[state = state_] {
        state->run();
      }} {}

OnDemandModel::~OnDemandModel() {
  state_->stop();
  if (is_answering)
    thread_.detach();  // we are destroyed by an answer's callback; the thread ends by itself
  else
    thread_.join();
}

std::shared_ptr<const Constraint> OnDemandModel::compile(const ConstraintSource& source) const {
  llama::check_constraint(source);
  return std::make_shared<const SourceConstraint>(source);
}

void OnDemandModel::generate(GenerationRequest request, std::function<void(GenerationResult)> done) {
  state_->take(waiting(
      std::move(request), std::move(done), [](Loaded& loaded, GenerationRequest asked, const auto& answered) {
        try {
          if (const auto* constraint = dynamic_cast<const SourceConstraint*>(asked.constraint.get()))
            asked.constraint = loaded.compiled(*constraint);
        } catch (const ModelError& error) {
          return answered(ModelFailure{.reason = error.what()});
        }
        loaded.model().generator->generate(std::move(asked), answered);
      }));
}

void OnDemandModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  state_->take(waiting(std::move(request), std::move(done),
                       [](Loaded& loaded, const ChoiceRequest& asked, const auto& answered) {
                         loaded.model().scorer->score(asked, answered);
                       }));
}

bool OnDemandModel::is_loaded() const {
  return state_->is_loaded();
}

}  // namespace slm
