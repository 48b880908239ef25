#include "runtime/output/outcome_writer.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/output/outcome_json.h"

namespace slm::runtime {

OutcomeWriter::OutcomeWriter(Descriptor output, WriterOptions options)
    : output_{std::move(output)}, options_{std::move(options)}, thread_{[this] { run(); }} {}

void OutcomeWriter::reserve() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return unwritten_ < options_.window; });
  ++unwritten_;
}

void OutcomeWriter::put(Result result) {
  const std::lock_guard lock{mutex_};
  const auto key = options_.is_ordered ? result.sequence : arrivals_++;
  waiting_.emplace(key, std::move(result));
  // Within the lock, since the writer may be gone as soon as the last result has been taken.
  changed_.notify_all();
}

void OutcomeWriter::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    is_finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::vector<Result> OutcomeWriter::take_ready(std::unique_lock<std::mutex>& lock) {
  const auto is_ready = [this] { return !waiting_.empty() && waiting_.begin()->first == next_; };
  changed_.wait(lock, [&] { return is_ready() || (is_finishing_ && unwritten_ == 0); });
  std::vector<Result> ready;
  for (; is_ready(); ++next_) ready.push_back(std::move(waiting_.extract(waiting_.begin()).mapped()));
  return ready;
}

void OutcomeWriter::run() {
  pthread_setname_np(pthread_self(), "slm-writer");
  std::string lines;
  std::vector<std::size_t> ends;
  for (;;) {
    std::vector<Result> ready;
    {
      std::unique_lock lock{mutex_};
      ready = take_ready(lock);
    }
    if (ready.empty()) return;

    lines.clear();
    ends.clear();
    for (const Result& result : ready) {
      options_.on_result(result);
      lines += outcome_json(result.item.id_json, result.outcome);
      lines += '\n';
      ends.push_back(lines.size());
    }
    const std::size_t taken = error_.empty() ? write(lines, ends) : 0;
    for (std::size_t lost = taken; lost < ready.size(); ++lost)
      for (const auto& receipt : ready[lost].outcome.receipts) receipt->keep();
    ready.clear();  // what is written need not be kept any more, wherever it was
    {
      const std::lock_guard lock{mutex_};
      unwritten_ -= ends.size();
    }
    changed_.notify_all();
  }
}

std::size_t OutcomeWriter::write(const std::string& lines, const std::vector<std::size_t>& ends) {
  std::size_t done = 0;
  while (done < lines.size()) {
    const auto count = ::write(output_.get(), lines.data() + done, lines.size() - done);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) {
      error_ = std::strerror(errno);
      break;
    }
  }
  const auto taken = static_cast<std::size_t>(std::ranges::upper_bound(ends, done) - ends.begin());
  written_ += taken;
  if (!error_.empty()) options_.on_failure();
  return taken;
}

}  // namespace slm::runtime
