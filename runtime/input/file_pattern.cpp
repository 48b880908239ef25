#include "runtime/input/file_pattern.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/input/byte_reader.h"

namespace slm::runtime {

bool is_pattern(const std::string& name) {
  std::error_code ignored;
  return name.find_first_of("*?[") != std::string::npos && !std::filesystem::exists(name, ignored);
}

std::vector<std::filesystem::path> matching_files(const std::string& pattern) {
  ::glob_t found{};
  const int result = ::glob(pattern.c_str(), GLOB_ERR | GLOB_NOSORT, nullptr, &found);
  const int error = errno;
  std::vector<std::string> names(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result == GLOB_NOMATCH) throw InputError("no file matches `" + pattern + "`");
  if (result != 0) throw InputError("cannot look for `" + pattern + "`: " + std::strerror(error));
  std::ranges::sort(names);
  return {names.begin(), names.end()};
}

}  // namespace slm::runtime
