#include "nodes/link/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace slm::link {
namespace {

/// The whole file, for the open file description: unlike a process's own locks it also keeps a second opener
/// in the same process out, and no close() of another descriptor lets go of it.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::optional<FileLock> FileLock::take(const std::filesystem::path& file) {
  FileLock taken{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (taken.descriptor_ < 0)
    throw std::system_error{errno, std::generic_category(), "cannot open " + file.string()};
  auto lock = whole_file(F_WRLCK);
  if (::fcntl(taken.descriptor_, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return std::nullopt;
    throw std::system_error{errno, std::generic_category(), "cannot lock " + file.string()};
  }
  const auto text = std::to_string(::getpid()) + "\n";
  // Only for people to read: a full disk must not keep anybody from starting.
  [[maybe_unused]] const bool is_noted =
      ::ftruncate(taken.descriptor_, 0) == 0 &&
      ::pwrite(taken.descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  return taken;
}

bool FileLock::is_taken(const std::filesystem::path& file) {
  const FileLock probe{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (probe.descriptor_ < 0) return false;
  auto lock = whole_file(F_WRLCK);
  return ::fcntl(probe.descriptor_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::string FileLock::holder(const std::filesystem::path& file) {
  std::string process;
  std::ifstream{file} >> process;
  return process;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace slm::link
