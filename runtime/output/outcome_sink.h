#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "runtime/output/result.h"

namespace slm::runtime {

/// What an output holds up to some moment.
struct OutputMark {
  std::uint64_t end = 0;   ///< bytes of a file, rows of a table
  std::uint64_t hash = 0;  ///< of what was added last
};

/// Where outcomes are written. One thread at a time, `sync` apart, which any thread may call.
class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;

  /// Gets these ready to be written, and tells what the output will then be.
  virtual OutputMark stage(std::span<const ResultPtr> results) = 0;
  /// Writes what is staged, and returns how many of the results were taken whole: all, unless there is an
  /// `error`.
  virtual std::size_t write() = 0;
  /// Why writing failed; empty while it did not.
  virtual const std::string& error() const = 0;
  /// Makes what is written outlive a loss of power; false where it does not.
  virtual bool sync() = 0;

  /// Whether it holds, after its first `begin` bytes or rows, what was once staged and marked so.
  virtual bool holds(std::uint64_t begin, const OutputMark& mark) = 0;
  /// Takes off all after `end`. Throws OutputError, also where it ends before.
  virtual void cut(std::uint64_t end) = 0;
};

enum class OutputFormat { automatic, jsonl, sqlite };

/// What the file's extension tells: `.db`, `.sqlite` and `.sqlite3` are databases, all else JSON lines.
OutputFormat format_of_output(const std::filesystem::path& file);

/// Opens the output and leaves what it holds until `cut`; `-` is standard output. Throws OutputError.
std::unique_ptr<OutcomeSink> open_output(const std::filesystem::path& file, OutputFormat format);

}  // namespace slm::runtime
