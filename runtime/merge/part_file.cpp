#include "runtime/merge/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "runtime/input/byte_reader.h"

namespace slm::runtime {
namespace {

/// No outcome is as long, and what is none must not fill the memory.
constexpr std::size_t kMaxOutcomeBytes = std::size_t{128} << 20;

}  // namespace

PartFile::PartFile(std::filesystem::path file)
    : file_{std::move(file)}, descriptor_{Descriptor::owned(::open(file_.c_str(), O_RDONLY | O_CLOEXEC))} {
  struct stat status {};
  if (descriptor_.get() < 0 || ::fstat(descriptor_.get(), &status) != 0)
    throw InputError("cannot open " + file_.string() + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    throw InputError("cannot merge " + file_.string() + ": it is no regular file");
  size_bytes_ = static_cast<std::uint64_t>(status.st_size);
}

std::optional<std::string_view> PartFile::line_at(std::uint64_t offset, std::size_t ahead) {
  for (;; ahead *= 2) {
    if (offset >= begin_ && offset - begin_ <= buffer_.size()) {
      const auto rest = std::string_view{buffer_}.substr(offset - begin_);
      if (const auto feed = rest.find('\n'); feed != std::string_view::npos) return rest.substr(0, feed);
      if (is_to_end_) return std::nullopt;
    }
    if (ahead > kMaxOutcomeBytes)
      throw InputError("cannot merge " + file_.string() + ": its line at byte " + std::to_string(offset) +
                       " is too long for an outcome");
    load(offset, ahead);
  }
}

void PartFile::load(std::uint64_t offset, std::size_t count) {
  begin_ = offset;
  buffer_.resize(count);
  std::size_t filled = 0;
  while (filled < count) {
    const auto more = ::pread(descriptor_.get(), buffer_.data() + filled, count - filled,
                              static_cast<off_t>(offset + filled));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) throw InputError("cannot read " + file_.string() + ": " + std::strerror(errno));
    if (more == 0) break;
    filled += static_cast<std::size_t>(more);
  }
  is_to_end_ = filled < count;
  buffer_.resize(filled);
}

void PartFile::forget() {
  begin_ = 0;
  buffer_ = {};
  is_to_end_ = false;
}

}  // namespace slm::runtime
