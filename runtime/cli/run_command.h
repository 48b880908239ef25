#pragma once

#include "runtime/run/runner.h"

namespace slm::runtime {

struct RunArguments {
  RunOptions options;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph run`: all that is read is answered and written. Throws what `Runner` throws, and UsageError.
int run(const RunArguments& arguments);

}  // namespace slm::runtime
