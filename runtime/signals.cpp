#include "runtime/signals.h"

#include <fcntl.h>
#include <pthread.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <system_error>
#include <utility>

namespace slm::runtime {
namespace {

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  return {Descriptor::owned(ends[0]), Descriptor::owned(ends[1])};
}

constexpr char kSignal = 's';
constexpr char kHangup = 'h';
constexpr char kEnd = 'e';

// A handler may touch little else: the write end of the pipe that the watching thread reads. Never closed,
// since a handler could still be about to write.
std::atomic<int> signal_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void send(char what) {
  [[maybe_unused]] const auto sent = ::write(signal_pipe, &what, 1);
}

void handle(int number) {
  const int saved = errno;
  send(number == SIGHUP ? kHangup : kSignal);
  errno = saved;
}

void set_handler(std::initializer_list<int> numbers, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : numbers) ::sigaction(number, &action, nullptr);
}

std::atomic<bool> is_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

bool is_ignored(int number) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals(std::function<void(int)> on_signal)
    : on_signal_{std::move(on_signal)}, heeds_hangup_{!is_ignored(SIGHUP)} {
  auto pipe = make_pipe();
  arrivals_ = std::move(pipe.read_end);
  signal_pipe = ::dup(pipe.write_end.get());
  if (signal_pipe < 0) throw std::system_error(errno, std::generic_category(), "dup");
  thread_ = std::thread{[this] { watch(); }};
  // They come to that thread alone, whose waiting nothing else depends on.
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ours, number);
  ::pthread_sigmask(SIG_BLOCK, &ours, &mask_before_);
  set_handler({SIGINT, SIGTERM}, handle);
  if (heeds_hangup_) set_handler({SIGHUP}, handle);
}

void Signals::stop() {
  if (!thread_.joinable()) return;
  set_handler({SIGINT, SIGTERM}, SIG_DFL);
  if (heeds_hangup_) set_handler({SIGHUP}, SIG_DFL);
  send(kEnd);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Signals::watch() {
  pthread_setname_np(pthread_self(), "slm-signals");
  bool has_hung_up = false;
  for (;;) {
    char what = kEnd;
    if (::read(arrivals_.get(), &what, 1) < 0 && errno == EINTR) continue;
    if (what == kEnd) return;
    if (what == kHangup && std::exchange(has_hung_up, true)) continue;
    const int count = ++count_;
    if (count == 2) set_handler({SIGINT, SIGTERM}, SIG_DFL);
    if (count <= 2) on_signal_(count);
  }
}

void heed_questions() {
  set_handler({SIGUSR1}, [](int) { is_asked = true; });
}

bool take_question() {
  return is_asked.exchange(false);
}

Flag::Flag() {
  auto pipe = make_pipe();
  read_end_ = std::move(pipe.read_end);
  write_end_ = std::move(pipe.write_end);
}

void Flag::set() {
  if (is_set_.exchange(true)) return;
  constexpr char kByte = 1;
  [[maybe_unused]] const auto sent = ::write(write_end_.get(), &kByte, 1);
}

}  // namespace slm::runtime
