#include "models/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace slm {
namespace {

namespace fs = std::filesystem;

// The file itself where its name is a link, which is to go on leading to it. A device or a pipe is what its
// users take it for only as long as no file stands in its place.
fs::path behind_links(const fs::path& file) {
  const auto refuse = [&](std::errc error, const std::string& why) {
    throw std::system_error(std::make_error_code(error), "cannot write " + file.string() + why);
  };
  if (!file.has_filename()) refuse(std::errc::no_such_file_or_directory, "");
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  switch (status.type()) {
    case fs::file_type::regular:
      return fs::canonical(file);
    case fs::file_type::directory:
      refuse(std::errc::is_a_directory, "");
      break;
    case fs::file_type::not_found:
      if (fs::is_symlink(fs::symlink_status(file, error)))
        refuse(std::errc::no_such_file_or_directory, ", a link that leads nowhere");
      break;
    case fs::file_type::none:
      throw std::system_error(error, "cannot write " + file.string());
    default:
      refuse(std::errc::operation_not_supported, ", which is a device, a pipe or a socket");
  }
  return file;
}

}  // namespace

FileReplacement::FileReplacement(const fs::path& file, unsigned mode)
    : name_(file), target_(behind_links(file)), path_(target_) {
  path_ += ".tmp" + std::to_string(::getpid());
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor_ < 0) fail();
}

FileReplacement::~FileReplacement() {
  ::close(descriptor_);
  if (!is_kept_) ::unlink(path_.c_str());
}

void FileReplacement::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void FileReplacement::finish() {
  if (::fsync(descriptor_) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0) fail();
  is_kept_ = true;
  sync_folder();
}

// Messages speak of the name, which the user knows.
void FileReplacement::fail() const {
  throw std::system_error(errno, std::generic_category(), "cannot write " + name_.string());
}

// Makes the new name last; some file systems cannot, and then it lasts as soon as they please.
void FileReplacement::sync_folder() const {
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

void check_replaceable(const std::filesystem::path& file) {
  const FileReplacement removed_at_once(file);
}

void replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes,
                  const std::function<void(const std::filesystem::path& temporary)>& inspect) {
  FileReplacement temporary(file);
  temporary.write(bytes);
  if (inspect) inspect(temporary.path());
  temporary.finish();
}

}  // namespace slm
