#include "runtime/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <csignal>
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

// What comes through the pipe: a signal's number, or the end.
constexpr unsigned char kEnd = 0;

// A handler may touch little else: the write end of the pipe that the watching thread reads. Never closed,
// since a handler could still be about to write.
std::atomic<int> signal_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void send(unsigned char what) {
  [[maybe_unused]] const auto sent = ::write(signal_pipe, &what, 1);
}

// Of a thread that does not leave signals to the one which watches for them.
void handle(int number) {
  const int saved = errno;
  send(static_cast<unsigned char>(number));
  errno = saved;
}

void set_handler(const std::vector<int>& numbers, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : numbers) ::sigaction(number, &action, nullptr);
}

sigset_t set_of(const std::vector<int>& numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  return set;
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
    : on_signal_{std::move(on_signal)}, numbers_{SIGINT, SIGTERM} {
  if (!is_ignored(SIGHUP)) numbers_.push_back(SIGHUP);
  auto pipe = make_pipe();
  arrivals_ = std::move(pipe.read_end);
  signal_pipe = ::dup(pipe.write_end.get());
  if (signal_pipe < 0) throw std::system_error(errno, std::generic_category(), "dup");
  const sigset_t ours = set_of(numbers_);
  pending_ = Descriptor::owned(::signalfd(-1, &ours, SFD_CLOEXEC));
  if (pending_.get() < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  // No thread is interrupted that is made from here on: signals wait for the one that reads of them.
  ::pthread_sigmask(SIG_BLOCK, &ours, &mask_before_);
  thread_ = std::thread{[this] { watch(); }};
  set_handler(numbers_, handle);
}

void Signals::stop() {
  if (!thread_.joinable()) return;
  set_handler(numbers_, SIG_DFL);
  send(kEnd);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

/// The number of the next signal, or `kEnd`.
int Signals::next() const {
  for (;;) {
    std::array<pollfd, 2> watched{{{arrivals_.get(), POLLIN, 0}, {pending_.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    unsigned char what = kEnd;
    signalfd_siginfo signal{};
    if (watched[1].revents != 0 && ::read(pending_.get(), &signal, sizeof signal) == sizeof signal)
      return static_cast<int>(signal.ssi_signo);
    if (watched[0].revents != 0 && ::read(arrivals_.get(), &what, 1) == 1) return what;
  }
}

void Signals::watch() {
  pthread_setname_np(pthread_self(), "slm-signals");
  bool has_hung_up = false;
  while (const int number = next()) {
    if (number == SIGHUP && std::exchange(has_hung_up, true)) continue;
    const int count = ++count_;
    if (count == 2) {
      // The third ends the process, by this thread.
      set_handler({SIGINT, SIGTERM}, SIG_DFL);
      const sigset_t deadly = set_of({SIGINT, SIGTERM});
      ::pthread_sigmask(SIG_UNBLOCK, &deadly, nullptr);
    }
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
