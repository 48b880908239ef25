#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace slm::runtime {

/// Lines that nothing can be made of: `file:line: error: problem`, a line each.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Collects what is wrong with lines, as much of it as anybody reads. One thread.
class LineProblems {
 public:
  void add(const std::filesystem::path& file, std::uint64_t line, const std::string& problem);
  /// Throws DataError where there are any.
  void check() const;

 private:
  std::string text_;
  std::size_t count_ = 0;
};

}  // namespace slm::runtime
