#include "tests/runtime/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace slm::testing {
namespace {

using runtime::Descriptor;

constexpr std::chrono::seconds kLimit{240};

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {Descriptor::owned(ends[0]), Descriptor::owned(ends[1])};
}

std::pair<Descriptor, Descriptor> make_terminal() {
  auto ours = Descriptor::owned(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (ours.get() < 0 || ::grantpt(ours.get()) != 0 || ::unlockpt(ours.get()) != 0)
    throw std::runtime_error("no terminal");
  auto theirs = Descriptor::owned(::open(::ptsname(ours.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  return {std::move(ours), std::move(theirs)};
}

[[noreturn]] void become(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& variables) {
  for (const auto& variable : variables) {
    const auto equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(words.front(), words.data());
  std::_Exit(127);
}

/// Appends what there is; false at the end.
bool take(Descriptor& from, std::string& text) {
  std::array<char, 65536> buffer{};
  const auto count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  if (count <= 0) from = Descriptor{};
  return count > 0;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, Errors errors,
                 const std::vector<std::string>& variables) {
  // What a program that has gone does not read is no reason for the test to go.
  std::signal(SIGPIPE, SIG_IGN);
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = errors == Errors::to_terminal ? make_terminal() : make_pipe();
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("no process");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing behind
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGHUP, SIG_DFL);  // ignored where the tests run under nohup
    ::dup2(in.first.get(), STDIN_FILENO);
    ::dup2(out.second.get(), STDOUT_FILENO);
    ::dup2(err.second.get(), STDERR_FILENO);
    become(arguments, variables);
  }
  in_ = std::move(in.second);
  ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
  out_ = std::move(out.first);
  err_ = std::move(err.first);
}

Program::~Program() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void Program::write(const std::string& text) {
  unwritten_ += text;
  feed();
}

void Program::feed() {
  const auto count = ::write(in_.get(), unwritten_.data(), unwritten_.size());
  if (count > 0) unwritten_.erase(0, static_cast<std::size_t>(count));
  // What a program that has gone does not read is nobody's loss.
  if (count < 0 && errno != EAGAIN) unwritten_.clear();
  if (unwritten_.empty() && is_input_complete_) in_ = Descriptor{};
}

void Program::close_input() {
  is_input_complete_ = true;
  feed();
}

void Program::close_output() {
  out_ = Descriptor{};
}
void Program::send_signal(int number) {
  ::kill(process_, number);
}

bool Program::pump(std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  // A program that writes while it reads would wait for us for ever if we fed it before listening to it.
  const int fed = unwritten_.empty() ? -1 : in_.get();
  std::array<pollfd, 3> watched = {{{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {fed, POLLOUT, 0}}};
  if (out_.get() < 0 && err_.get() < 0) return false;
  if (left.count() <= 0 || ::poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0)
    throw std::runtime_error("not done in four minutes; so far: " + ended_.out + ended_.err);
  if (watched[0].revents != 0) take(out_, ended_.out);
  if (watched[1].revents != 0) take(err_, ended_.err);
  if (watched[2].revents != 0) feed();
  return true;
}

std::string Program::read_line() {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  for (;;) {
    const auto end = ended_.out.find('\n', lines_read_to_);
    if (end != std::string::npos) {
      const auto start = std::exchange(lines_read_to_, end + 1);
      return ended_.out.substr(start, end - start);
    }
    if (!pump(deadline)) throw std::runtime_error("it ended; errors: " + ended_.err);
  }
}

void Program::wait_for_error(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (ended_.err.find(text) == std::string::npos)
    if (!pump(deadline)) throw std::runtime_error("it ended; errors: " + ended_.err);
}

bool Program::has_ended() const {
  siginfo_t found{};
  return ::waitid(P_PID, static_cast<id_t>(process_), &found, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         found.si_pid == process_;
}

Ended Program::wait() {
  close_input();
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (pump(deadline)) continue;
  int status = 0;
  rusage usage{};
  ::wait4(process_, &status, 0, &usage);
  process_ = -1;
  ended_.most_memory_bytes = static_cast<std::size_t>(usage.ru_maxrss) << 10;
  ended_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return std::move(ended_);
}

Ended slm_graph(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), SLM_GRAPH_PROGRAM);
  Program program{arguments};
  program.write(input);
  return program.wait();
}

}  // namespace slm::testing
