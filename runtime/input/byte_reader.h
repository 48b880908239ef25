#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>

#include "runtime/descriptor.h"

namespace slm::runtime {

/// Input that cannot be opened or stops being readable. The message names the file.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads bytes until their end, or until somebody wants the reading to stop.
///
/// One thread reads; `bytes_read` and `size_bytes` may be called from any.
class ByteReader {
 public:
  /// Opens `file`, `-` being standard input. Reading ends once `stop` has something to read; -1: it never
  /// does. Throws InputError.
  explicit ByteReader(const std::filesystem::path& file, int stop = -1);

  /// Waits for bytes and returns how many it put into `buffer`; 0 at the end, or when stopped. Throws
  /// InputError.
  std::size_t read(std::span<char> buffer);

  std::uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  /// Of a regular file as it was when opened; 0 where nobody can know.
  std::uint64_t size_bytes() const { return size_bytes_; }
  bool was_stopped() const { return was_stopped_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  bool wait_for_bytes() const;

  std::filesystem::path file_;
  Descriptor descriptor_;
  int stop_;
  std::uint64_t size_bytes_ = 0;
  std::atomic<std::uint64_t> bytes_read_{0};
  bool was_stopped_ = false;
};

}  // namespace slm::runtime
