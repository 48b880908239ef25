#include "graph/problems.h"

#include <algorithm>
#include <tuple>

namespace slm {
namespace {

std::string joined(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem);
  }
  return text;
}

std::vector<Problem> in_file_order(std::vector<Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  return problems;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.file.string();
  if (problem.place.line > 0)
    text += ':' + std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column);
  return text + ": error: " + problem.message;
}

PipelineError::PipelineError(std::vector<Problem> problems)
    : PipelineError{in_file_order(std::move(problems)), Sorted{}} {}

PipelineError::PipelineError(std::vector<Problem> problems, Sorted /*tag*/)
    : std::runtime_error{joined(problems)}, problems_{std::move(problems)} {}

}  // namespace slm
