#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/descriptor.h"
#include "runtime/input/unpacker.h"

namespace slm::runtime {

/// Input that cannot be opened or stops being readable. The message names the file.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// For messages.
std::string name_of_input(const std::filesystem::path& file);

/// Reads bytes until their end, or until somebody wants the reading to stop. What begins as gzip or zstd does
/// is unpacked, whatever it is called. One thread.
class ByteReader {
 public:
  /// Opens `file`, `-` being standard input; waits for nothing, not even the writer of a named pipe. Reading
  /// ends once `stop` has something to read; -1: it never does. Throws InputError.
  explicit ByteReader(const std::filesystem::path& file, int stop = -1);

  /// Waits for bytes and returns how many it put into `buffer`; 0 at the end, or when stopped. Throws
  /// InputError, once all before it was given, also where packed bytes are damaged or cut off.
  std::size_t read(std::span<char> buffer);

  /// Goes on after so many bytes of the file, unpacked ones where it is packed: these are unpacked and thrown
  /// away. Throws InputError, also where the file ends before.
  void skip_to(std::uint64_t offset);

  /// As they are in the file, packed or not.
  std::uint64_t bytes_read() const { return bytes_read_; }
  /// Of a regular file as it was when opened; empty where nobody can know.
  std::optional<std::uint64_t> size_bytes() const { return size_bytes_; }
  bool was_stopped() const { return was_stopped_; }

 private:
  bool wait_for_bytes() const;
  std::size_t read_file(std::span<char> buffer);
  void begin();
  std::size_t unpack(std::span<char> buffer);

  std::filesystem::path file_;
  Descriptor descriptor_;
  int stop_;
  std::optional<std::uint64_t> size_bytes_;
  std::uint64_t bytes_read_ = 0;
  bool was_stopped_ = false;
  bool has_begun_ = false;
  std::unique_ptr<Unpacker> unpacker_;  // null: the bytes are not packed
  std::vector<char> ahead_;             // read from the file, and not given
  std::span<const char> left_;          // of it
};

}  // namespace slm::runtime
