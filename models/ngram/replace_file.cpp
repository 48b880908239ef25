#include "models/ngram/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace slm::ngram {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
  throw std::system_error(errno, std::generic_category(), file.string() + ": " + what);
}

// An open file that is closed and, unless kept, removed.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path)
      : path_(std::move(path)),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail(path_, "cannot create");
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    ::close(descriptor_);
    if (!is_kept_) ::unlink(path_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "cannot write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(descriptor_) != 0) fail(path_, "cannot write to the disk");
  }

  void rename_to(const std::filesystem::path& file) {
    if (::rename(path_.c_str(), file.c_str()) != 0) fail(file, "cannot replace");
    is_kept_ = true;
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_;
  bool is_kept_ = false;
};

// Makes the new name last; some file systems cannot, and then it lasts as soon as they please.
void sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes,
                  const std::function<void(const std::filesystem::path& temporary)>& inspect) {
  TemporaryFile temporary(file.string() + ".tmp" + std::to_string(::getpid()));
  temporary.write(bytes);
  if (inspect) inspect(temporary.path());
  temporary.rename_to(file);
  sync_folder(file);
}

}  // namespace slm::ngram
