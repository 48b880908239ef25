#include "models/ngram/file_copy.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "models/ngram/opened_file.h"

namespace slm::ngram {
namespace {

void read_all(const OpenedFile& file, std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t count = ::read(file.descriptor(), into.data(), into.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) file.fail("cannot read the model", errno);
    if (count == 0) file.fail("became shorter while it was read; load it again");
    into = into.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

FileCopy::FileCopy(const std::filesystem::path& file) {
  const OpenedFile opened(file);
  size_ = opened.size();
  begin_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin_ == MAP_FAILED) opened.fail("there is no memory for the model", errno);
  try {
    read_all(opened, {static_cast<std::byte*>(begin_), size_});
  } catch (...) {
    ::munmap(begin_, size_);
    throw;
  }
  ::mprotect(begin_, size_, PROT_READ);
}

FileCopy::~FileCopy() {
  ::munmap(begin_, size_);
}

}  // namespace slm::ngram
