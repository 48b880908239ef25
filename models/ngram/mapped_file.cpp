#include "models/ngram/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "models/model.h"

namespace slm::ngram {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw ModelError(file.string() + ": " + what);
}

std::string reason() {
  return std::generic_category().message(errno);
}

// Closes the descriptor when the mapping, which outlives it, is made.
struct Descriptor {
  int number;
  ~Descriptor() { ::close(number); }
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) fail(file, "cannot open the model: " + reason());
  const Descriptor descriptor{opened};
  struct stat status {};
  if (::fstat(opened, &status) != 0) fail(file, "cannot read the model: " + reason());
  if (!S_ISREG(status.st_mode)) fail(file, "is not a regular file, so it cannot be a model");
  if (status.st_size == 0) fail(file, "is empty; an ngram model was expected");
  size_ = static_cast<std::size_t>(status.st_size);
  begin_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, opened, 0);
  if (begin_ == MAP_FAILED) fail(file, "cannot map the model: " + reason());
}

MappedFile::~MappedFile() {
  ::munmap(begin_, size_);
}

}  // namespace slm::ngram
