#include "models/llama/waiting_tasks.h"

#include <algorithm>
#include <utility>

namespace slm::llama {
namespace {

std::unique_ptr<Task> pop(std::deque<std::unique_ptr<Task>>& tasks) {
  auto task = std::move(tasks.front());
  tasks.pop_front();
  return task;
}

}  // namespace

void WaitingTasks::add(std::unique_ptr<Task> task) {
  auto& tasks = task->patience().can_wait ? unsorted_ : interactive_;
  tasks.push_back(std::move(task));
}

std::unique_ptr<Task> WaitingTasks::take() {
  if (!interactive_.empty()) return pop(interactive_);
  if (sorted_.empty()) {
    sorted_.swap(unsorted_);
    std::ranges::stable_sort(
        sorted_, [](const auto& one, const auto& other) { return one->prompt() < other->prompt(); });
  }
  return sorted_.empty() ? nullptr : pop(sorted_);
}

}  // namespace slm::llama
