#include "models/llama/waiting_tasks.h"

#include <algorithm>
#include <utility>

namespace slm::llama {
namespace {

/// Who would have to look further waits a step.
constexpr std::ptrdiff_t kLookAhead = 64;

std::unique_ptr<Task> take_first(std::deque<std::unique_ptr<Task>>& tasks,
                                 const std::function<bool(const Task&)>& is_ready,
                                 std::ptrdiff_t look_ahead) {
  const auto end = tasks.begin() + std::min(std::ssize(tasks), look_ahead);
  const auto first = std::find_if(tasks.begin(), end, [&](const auto& task) { return is_ready(*task); });
  if (first == end) return nullptr;
  auto task = std::move(*first);
  tasks.erase(first);
  return task;
}

}  // namespace

void WaitingTasks::add(std::unique_ptr<Task> task) {
  auto& tasks = task->patience().can_wait ? unsorted_ : tasks_of(task->patience().asker);
  tasks.push_back(std::move(task));
}

std::unique_ptr<Task> WaitingTasks::take(const std::function<bool(const Task&)>& is_ready) {
  if (auto task = take_interactive(is_ready)) return task;
  if (sorted_.empty()) {
    sorted_.swap(unsorted_);
    std::ranges::stable_sort(
        sorted_, [](const auto& one, const auto& other) { return one->prompt() < other->prompt(); });
  }
  return take_first(sorted_, is_ready, kLookAhead);
}

WaitingTasks::Tasks& WaitingTasks::tasks_of(const std::string& asker) {
  const auto found = std::ranges::find(askers_, asker, &Asker::name);
  return found != askers_.end() ? found->tasks : askers_.emplace_back(Asker{asker}).tasks;
}

std::unique_ptr<Task> WaitingTasks::take_interactive(const std::function<bool(const Task&)>& is_ready) {
  if (askers_.empty()) return nullptr;
  // Each has a part, so that who waits for a beginning keeps nobody else from being seen.
  const auto look_ahead = std::max<std::ptrdiff_t>(1, kLookAhead / std::ssize(askers_));
  for (auto asker = askers_.begin(); asker != askers_.end(); ++asker) {
    auto task = take_first(asker->tasks, is_ready, look_ahead);
    if (!task) continue;
    if (asker->tasks.empty())
      askers_.erase(asker);
    else
      askers_.splice(askers_.end(), askers_, asker);
    return task;
  }
  return nullptr;
}

}  // namespace slm::llama
