#include "models/ngram/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>

#include "models/ngram/opened_file.h"

namespace slm::ngram {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const OpenedFile opened(file);
  size_ = opened.size();
  begin_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, opened.descriptor(), 0);
  if (begin_ == MAP_FAILED) opened.fail("cannot map the model", errno);
}

MappedFile::~MappedFile() {
  ::munmap(begin_, size_);
}

}  // namespace slm::ngram
