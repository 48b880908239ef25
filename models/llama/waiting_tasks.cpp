#include "models/llama/waiting_tasks.h"

#include <algorithm>
#include <utility>

namespace slm::llama {
namespace {

/// Who would have to look further waits a step.
constexpr std::ptrdiff_t kLookAhead = 64;

std::unique_ptr<Task> take_first(std::deque<std::unique_ptr<Task>>& tasks,
                                 const std::function<bool(const Task&)>& is_ready) {
  const auto end = tasks.begin() + std::min(std::ssize(tasks), kLookAhead);
  const auto first = std::find_if(tasks.begin(), end, [&](const auto& task) { return is_ready(*task); });
  if (first == end) return nullptr;
  auto task = std::move(*first);
  tasks.erase(first);
  return task;
}

}  // namespace

void WaitingTasks::add(std::unique_ptr<Task> task) {
  auto& tasks = task->patience().can_wait ? unsorted_ : interactive_;
  tasks.push_back(std::move(task));
}

std::unique_ptr<Task> WaitingTasks::take(const std::function<bool(const Task&)>& is_ready) {
  if (auto task = take_first(interactive_, is_ready)) return task;
  if (sorted_.empty()) {
    sorted_.swap(unsorted_);
    std::ranges::stable_sort(
        sorted_, [](const auto& one, const auto& other) { return one->prompt() < other->prompt(); });
  }
  return take_first(sorted_, is_ready);
}

}  // namespace slm::llama
