#include "runtime/progress.h"

#include <pthread.h>

#include <algorithm>
#include <cstdio>

#include "runtime/report/numbers.h"
#include "runtime/signals.h"

namespace slm::runtime {
namespace {

constexpr std::string_view kWipeLine = "\r\x1b[2K";
constexpr std::chrono::milliseconds kRefresh{100};

double share(const ProgressState& state) {
  if (state.total == 0) return 0;
  return std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  while (count-- > 0) text += piece;
  return text;
}

}  // namespace

ProgressText::ProgressText(std::string thing, Terminal terminal)
    : thing_{std::move(thing)}, terminal_{terminal} {}

std::string ProgressText::figures(const ProgressState& state, std::chrono::nanoseconds elapsed) const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(state.done) / seconds : 0;
  std::string text = state.total == 0
                         ? counted(state.done, thing_)
                         : grouped(state.done) + " of " + (state.is_total_estimated ? "about " : "") +
                               counted(state.total, thing_);
  if (state.total > 0) text += ", " + std::to_string(static_cast<int>(share(state) * 100)) + " %";
  if (rate > 0) text += ", " + brief(rate) + "/s";
  if (rate > 0 && state.total > state.done) {
    const double left = static_cast<double>(state.total - state.done) / rate;
    text += ", " + duration(std::chrono::nanoseconds{static_cast<std::int64_t>(left * 1e9)}) + " left";
  }
  return text;
}

std::string ProgressText::bar(const ProgressState& state, std::chrono::nanoseconds elapsed) const {
  const auto columns = static_cast<std::size_t>(std::max(0, terminal_.columns - 1));
  auto text = told(state, elapsed);
  if (columns < display_width(text) + 11) text = figures(state, elapsed);
  const auto taken = display_width(text) + 1;
  if (state.total == 0 || columns < taken + 10) return text.substr(0, columns);
  const auto width = std::min<std::size_t>(columns - taken, 40);
  const auto filled = static_cast<std::size_t>(share(state) * static_cast<double>(width));
  return painted(terminal_, Paint::green, repeated("━", filled)) +
         painted(terminal_, Paint::dim, repeated(terminal_.has_colours ? "━" : "·", width - filled)) + " " +
         text;
}

std::optional<std::string> ProgressText::line(const ProgressState& state, std::chrono::nanoseconds elapsed) {
  constexpr std::chrono::seconds kLongestSilence{60};
  constexpr std::chrono::seconds kShortestSilence{1};
  const auto tenths = static_cast<std::uint64_t>(share(state) * 10);
  const auto silence = elapsed - told_at_;
  const bool is_due = silence >= kLongestSilence || (tenths > tenths_told_ && silence >= kShortestSilence);
  if (!is_due) return std::nullopt;
  tenths_told_ = tenths;
  told_at_ = elapsed;
  return told(state, elapsed);
}

std::string ProgressText::told(const ProgressState& state, std::chrono::nanoseconds elapsed) const {
  return figures(state, elapsed) + (state.details.empty() ? "" : "; " + state.details);
}

std::string ProgressText::last_line(const ProgressState& state, std::chrono::nanoseconds elapsed) const {
  return figures(state, elapsed);
}

Progress::Progress(std::string thing, std::function<ProgressState()> state, bool is_quiet)
    : terminal_{Terminal::of(stderr)},
      text_{std::move(thing), terminal_},
      state_{std::move(state)},
      is_quiet_{is_quiet},
      thread_{[this] { run(); }} {}

Progress::~Progress() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void Progress::note(const std::string& text) {
  const std::lock_guard lock{mutex_};
  write_line(text);
}

void Progress::write_line(const std::string& text) {
  if (terminal_.is_terminal && !is_quiet_) std::fputs(std::string{kWipeLine}.c_str(), stderr);
  std::fputs((text + "\n").c_str(), stderr);
}

void Progress::show(bool is_last) {
  if (is_quiet_) return;
  const auto state = state_();
  std::string text;
  if (terminal_.is_terminal)
    text = std::string{kWipeLine} + (is_last ? "" : text_.bar(state, elapsed()));
  else if (is_last)
    text = text_.last_line(state, elapsed()) + "\n";
  else if (const auto line = text_.line(state, elapsed()))
    text = *line + "\n";
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

void Progress::run() {
  pthread_setname_np(pthread_self(), "slm-progress");
  std::unique_lock lock{mutex_};
  while (!ending_.wait_for(lock, kRefresh, [this] { return is_ending_; })) {
    show(false);
    if (take_question()) write_line(text_.told(state_(), elapsed()));
  }
  show(true);
}

}  // namespace slm::runtime
