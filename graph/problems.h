#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace slm {

/// A spot in a pipeline file; lines and columns count from one, zero means the file as a whole.
struct Place {
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
};

/// One mistake of a pipeline's author: what was found, what was expected, what may have been meant.
struct Problem {
  std::filesystem::path file;
  Place place;
  std::string message;

  bool operator==(const Problem&) const = default;
};

/// `file:line:column: error: message`
std::string to_string(const Problem& problem);

/// A pipeline that cannot run, with every problem found, in the order of the file.
class PipelineError : public std::runtime_error {
 public:
  explicit PipelineError(std::vector<Problem> problems);

  const std::vector<Problem>& problems() const { return problems_; }

 private:
  struct Sorted {};
  PipelineError(std::vector<Problem> problems, Sorted tag);

  std::vector<Problem> problems_;
};

}  // namespace slm
