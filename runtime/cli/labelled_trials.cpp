#include "runtime/cli/labelled_trials.h"

#include <chrono>
#include <ctime>

#include "runtime/cli/console.h"
#include "runtime/report/numbers.h"
#include "runtime/signals.h"

namespace slm::runtime {

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%F", &local)};
}

std::size_t erase_unlabelled(std::vector<InputItem>& lines, const std::string& otherwise) {
  const std::size_t erased =
      std::erase_if(lines, [](const InputItem& line) { return line.expectation.empty(); });
  if (lines.empty())
    throw UsageError("no line says what is right: expected `expected`, `label` or `expected_outcome`" +
                     otherwise);
  return erased;
}

std::vector<Trial> tried(TrialRunner& runner, const std::vector<InputItem>& lines, bool is_quiet) {
  const Signals signals{[&](int) { runner.give_up(); }};
  const Progress progress{"run", [&] { return runner.progress(); }, is_quiet};
  return runner.run(lines);
}

}  // namespace slm::runtime
