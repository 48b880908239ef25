#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace slm::link {

/// A file or folder of keys that is not as it should be, or cannot be read or written: its name, what was
/// found and what was expected.
class KeyError : public std::runtime_error {
 public:
  KeyError(const std::filesystem::path& file, const std::string& problem)
      : std::runtime_error{file.string() + ": " + problem}, problem_{problem} {}

  /// The message without the file's name.
  const std::string& problem() const { return problem_; }

 private:
  std::string problem_;
};

}  // namespace slm::link
