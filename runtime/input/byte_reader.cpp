#include "runtime/input/byte_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace slm::runtime {
namespace {

constexpr std::size_t kAheadBytes = std::size_t{64} << 10;

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& file, int error) {
  throw InputError("cannot " + what + " " + name_of_input(file) + ": " + std::strerror(error));
}

}  // namespace

std::string name_of_input(const std::filesystem::path& file) {
  return file == "-" ? "standard input" : file.string();
}

ByteReader::ByteReader(const std::filesystem::path& file, int stop) : file_{file}, stop_{stop} {
  if (file == "-") {
    descriptor_ = Descriptor::lent(STDIN_FILENO);
  } else {
    // A named pipe would wait for its writer here, where nothing could stop it.
    descriptor_ = Descriptor::owned(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (descriptor_.get() < 0) fail("open", file, errno);
  }
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) fail("open", file, errno);
  if (S_ISDIR(status.st_mode)) fail("read", file, EISDIR);
  if (S_ISREG(status.st_mode)) size_bytes_ = static_cast<std::uint64_t>(status.st_size);
}

bool ByteReader::wait_for_bytes() const {
  pollfd watched[] = {{descriptor_.get(), POLLIN, 0}, {stop_, POLLIN, 0}};
  while (::poll(watched, 2, -1) < 0)
    if (errno != EINTR) fail("read", file_, errno);
  return watched[1].revents == 0;
}

std::size_t ByteReader::read_file(std::span<char> buffer) {
  for (;;) {
    if (!wait_for_bytes()) {
      was_stopped_ = true;
      return 0;
    }
    const auto count = ::read(descriptor_.get(), buffer.data(), buffer.size());
    if (count >= 0) {
      bytes_read_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR && errno != EAGAIN) fail("read", file_, errno);
  }
}

void ByteReader::begin() {
  has_begun_ = true;
  ahead_.resize(kAheadBytes);
  std::size_t count = 0;
  auto packing = Packing::undecided;
  while (packing == Packing::undecided) {
    const auto more = read_file(std::span{ahead_}.subspan(count));
    if (more == 0) break;
    count += more;
    packing = packing_of({ahead_.data(), count});
  }
  left_ = std::span{ahead_}.first(count);
  unpacker_ = make_unpacker(packing);
}

std::size_t ByteReader::unpack(std::span<char> buffer) {
  try {
    for (;;) {
      const auto step = unpacker_->unpack(left_, buffer);
      left_ = left_.subspan(step.taken);
      if (step.made > 0) return step.made;
      if (step.taken > 0) continue;
      left_ = std::span{ahead_}.first(read_file(ahead_));
      if (!left_.empty()) continue;
      if (was_stopped_ || unpacker_->is_whole()) return 0;
      throw DamagedBytes("its compressed data is cut off");
    }
  } catch (const DamagedBytes& damage) {
    throw InputError("cannot unpack " + name_of_input(file_) + ": " + damage.what());
  }
}

std::size_t ByteReader::read(std::span<char> buffer) {
  if (!has_begun_) begin();
  if (unpacker_) return unpack(buffer);
  if (left_.empty()) return was_stopped_ ? 0 : read_file(buffer);
  const auto count = std::min(left_.size(), buffer.size());
  std::ranges::copy(left_.first(count), buffer.begin());
  left_ = left_.subspan(count);
  return count;
}

void ByteReader::skip_to(std::uint64_t offset) {
  if (!has_begun_) begin();
  const auto cut_off = [&] { return InputError(name_of_input(file_) + " ends before what was read of it"); };
  if (!unpacker_) {
    if (::lseek(descriptor_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) fail("read", file_, errno);
    if (size_bytes_ && *size_bytes_ < offset) throw cut_off();
    left_ = {};
    bytes_read_ = offset;
    return;
  }
  std::vector<char> skipped(kAheadBytes);
  for (std::uint64_t left = offset; left > 0;) {
    const auto count = unpack(std::span{skipped}.first(std::min<std::uint64_t>(left, skipped.size())));
    if (count == 0 && !was_stopped_) throw cut_off();
    if (count == 0) return;
    left -= count;
  }
}

}  // namespace slm::runtime
