#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "models/llama/task.h"

namespace slm::llama {

/// Tasks that have no slot yet. Those that somebody waits for leave by turns, one of each asker, and of one
/// asker in the order in which they came. Batch work leaves in the order of its prompts, so that those that
/// begin alike follow each other, and a slot finds their beginning evaluated; what comes meanwhile is sorted
/// once that is through, so that nothing waits for ever. For one thread.
class WaitingTasks {
 public:
  bool is_empty() const { return askers_.empty() && sorted_.empty() && unsorted_.empty(); }
  bool has_interactive() const { return !askers_.empty(); }

  void add(std::unique_ptr<Task> task);
  /// The first that is ready, interactive before batch work; null where none is.
  std::unique_ptr<Task> take(const std::function<bool(const Task&)>& is_ready);
  /// Takes out each that `is_taken` is true of, given as `Task&`.
  template <class Predicate>
  void erase_if(const Predicate& is_taken) {
    const auto is_one = [&](const std::unique_ptr<Task>& task) { return is_taken(*task); };
    for (Asker& asker : askers_) std::erase_if(asker.tasks, is_one);
    std::erase_if(askers_, [](const Asker& asker) { return asker.tasks.empty(); });
    std::erase_if(sorted_, is_one);
    std::erase_if(unsorted_, is_one);
  }

 private:
  using Tasks = std::deque<std::unique_ptr<Task>>;
  struct Asker {
    std::string name;
    Tasks tasks{};
  };

  Tasks& tasks_of(const std::string& asker);
  std::unique_ptr<Task> take_interactive(const std::function<bool(const Task&)>& is_ready);

  std::list<Asker> askers_;  // whose turn it is first; none without tasks
  Tasks sorted_;
  Tasks unsorted_;
};

}  // namespace slm::llama
