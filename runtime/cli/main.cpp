#include <csignal>

#include "nodes/builtin.h"
#include "runtime/cli/command_line.h"

int main(int argc, char** argv) {
  // A pipe that closes is an error of the write to it, which is reported there.
  std::signal(SIGPIPE, SIG_IGN);
  slm::register_builtin_nodes();
  return slm::runtime::run_command_line(argc, argv);
}
