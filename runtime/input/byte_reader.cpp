#include "runtime/input/byte_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace slm::runtime {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& file, int error) {
  throw InputError("cannot " + what + " " + (file == "-" ? "standard input" : file.string()) + ": " +
                   std::strerror(error));
}

}  // namespace

ByteReader::ByteReader(const std::filesystem::path& file, int stop) : file_{file}, stop_{stop} {
  if (file == "-") {
    descriptor_ = Descriptor::lent(STDIN_FILENO);
  } else {
    descriptor_ = Descriptor::owned(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
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

std::size_t ByteReader::read(std::span<char> buffer) {
  for (;;) {
    if (!wait_for_bytes()) {
      was_stopped_ = true;
      return 0;
    }
    const auto count = ::read(descriptor_.get(), buffer.data(), buffer.size());
    if (count >= 0) {
      bytes_read_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR && errno != EAGAIN) fail("read", file_, errno);
  }
}

}  // namespace slm::runtime
