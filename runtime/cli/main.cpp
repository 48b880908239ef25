#include <csignal>

#include "nodes/builtin.h"
#include "runtime/cli/command_line.h"
#include "runtime/signals.h"

int main(int argc, char** argv) {
  slm::runtime::heed_questions();
  // A pipe that closes is an error of the write to it, which is reported there.
  std::signal(SIGPIPE, SIG_IGN);
  slm::register_builtin_nodes();
  return slm::runtime::run_command_line(argc, argv);
}
