#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

/// What every command speaks through: results to standard output or a file, everything else to standard
/// error.
namespace slm::runtime {

/// What a command exits with; scripts rely on it.
inline constexpr int kExitDone = 0;
inline constexpr int kExitSomeFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 3;

/// A command line that cannot be followed. Exit 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A result that could not be written, to a full disk or a closed pipe. Exit 1.
class WriteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes a result to standard output, or to `file` where it is not `-`, and makes sure that it got there.
/// Throws WriteError.
void write_result(std::string_view text, const std::filesystem::path& file = "-");

/// `slm-graph: error: …` on standard error.
void print_error(std::string_view message);
void print_note(std::string_view message);

/// Runs a command, prints what it throws, and gives its exit code or the one that fits what it threw.
int guarded(const std::function<int()>& command);

}  // namespace slm::runtime
