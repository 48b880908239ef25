#include "nodes/link/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "nodes/link/key_error.h"

namespace slm::link {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw KeyError{path, what + ": " + std::generic_category().message(errno)};
}

class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_{descriptor} {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

FileStamp stamp(const struct stat& found) {
  return {found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim), nanoseconds(found.st_ctim),
          found.st_mode};
}

void write_whole(const OpenFile& file, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) fail(path, "cannot be written to the disk");
}

/// Gives the finished file its name. A hard link, unlike a rename, fails where the name is taken.
void name_it(const std::string& temporary, const std::filesystem::path& path, Overwrite overwrite) {
  const bool is_named = overwrite == Overwrite::yes ? ::rename(temporary.c_str(), path.c_str()) == 0
                                                    : ::link(temporary.c_str(), path.c_str()) == 0;
  if (is_named) return;
  if (errno == EEXIST) throw KeyError{path, "is there already and was left as it is"};
  fail(path, "cannot be written");
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return stamp(found);
}

SmallFile read_small_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0) fail(path, "cannot be read");
  SmallFile read{{}, stamp(found)};
  if (read.stamp.is_folder()) throw KeyError{path, "is a folder; expected a file"};
  if (!read.stamp.is_regular()) throw KeyError{path, "is not a regular file"};
  // One byte more than allowed is asked for, so that a file that grows meanwhile is noticed too.
  read.text.resize(max_bytes + 1);
  std::size_t size = 0;
  while (size <= max_bytes) {
    const ssize_t got = ::read(file.get(), read.text.data() + size, read.text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes)
    throw KeyError{path, "is larger than " + std::to_string(max_bytes) + " bytes; expected a few lines"};
  read.text.resize(size);
  return read;
}

void write_small_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                      Overwrite overwrite) {
  std::string temporary = path.string() + ".XXXXXX";
  const OpenFile file{::mkostemp(temporary.data(), O_CLOEXEC)};  // 0600, whatever the umask
  if (file.get() < 0) fail(path, "cannot be written");
  try {
    if (::fchmod(file.get(), mode) != 0) fail(path, "its mode cannot be set");
    write_whole(file, text, path);
    name_it(temporary, path, overwrite);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  if (overwrite == Overwrite::no) ::unlink(temporary.c_str());
}

}  // namespace slm::link
