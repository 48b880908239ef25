#include "models/text_file.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "models/model.h"

namespace slm {

std::string read_text_file(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream stream{file, std::ios::binary};
  try {
    stream.exceptions(std::ios::badbit);
    if (stream) return {std::istreambuf_iterator<char>{stream}, {}};
  } catch (const std::ios::failure&) {  // a directory, or the disk
  }
  throw ModelError{file.string() + ": cannot be read: " + std::generic_category().message(errno)};
}

}  // namespace slm
