#include "models/ngram/opened_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "models/model.h"

namespace slm::ngram {

OpenedFile::OpenedFile(const std::filesystem::path& file)
    : file_(file), descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) fail("cannot open the model", errno);
  struct stat status {};
  const bool is_known = ::fstat(descriptor_, &status) == 0;
  const int error = errno;
  const bool is_usable = is_known && S_ISREG(status.st_mode) && status.st_size > 0;
  if (is_usable) {
    size_ = static_cast<std::size_t>(status.st_size);
    return;
  }
  ::close(descriptor_);  // the destructor does not run
  if (!is_known) fail("cannot read the model", error);
  fail(S_ISREG(status.st_mode) ? "is empty; an ngram model was expected"
                               : "is not a regular file, so it cannot be a model");
}

OpenedFile::~OpenedFile() {
  ::close(descriptor_);
}

void OpenedFile::fail(const char* what, int error) const {
  const std::string reason = error == 0 ? "" : ": " + std::generic_category().message(error);
  throw ModelError(file_.string() + ": " + what + reason);
}

}  // namespace slm::ngram
