#pragma once

namespace slm::runtime {

/// Reads the command line, runs the command and gives the process's exit code. Nothing is thrown.
int run_command_line(int argc, char** argv);

}  // namespace slm::runtime
