#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/descriptor.h"

namespace slm::testing {

/// How a program ended, and what it wrote.
struct Ended {
  int exit_code = -1;  ///< 128 + number where a signal ended it
  std::string out;
  std::string err;
  std::size_t most_memory_bytes = 0;
};

/// A real process, its standard streams in the test's hands. Whatever takes longer than four minutes fails
/// the test that waits for it.
class Program {
 public:
  enum class Errors { to_pipe, to_terminal };

  /// The first argument is the program. Variables are `NAME=value`, on top of the test's own.
  explicit Program(const std::vector<std::string>& arguments, Errors errors = Errors::to_pipe,
                   const std::vector<std::string>& variables = {});
  /// Kills it if it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void write(const std::string& text);
  void close_input();
  /// As when the reader of a pipe goes away.
  void close_output();
  void send_signal(int number);
  /// The next line of standard output, without its end.
  std::string read_line();
  /// Waits until standard error holds the text.
  void wait_for_error(const std::string& text);
  /// What has been read of it by now.
  const std::string& errors() const { return ended_.err; }
  /// Whether it has ended by itself; `wait` tells how.
  bool has_ended() const;
  /// Closes the input and waits for the end.
  Ended wait();

 private:
  void feed();
  bool pump(std::chrono::steady_clock::time_point deadline);

  int process_ = -1;
  runtime::Descriptor in_;
  runtime::Descriptor out_;
  runtime::Descriptor err_;
  Ended ended_;
  std::string unwritten_;
  bool is_input_complete_ = false;
  std::size_t lines_read_to_ = 0;
};

/// Runs `slm-graph` to its end.
Ended slm_graph(std::vector<std::string> arguments, const std::string& input = "");

}  // namespace slm::testing
