#include "runtime/output/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

namespace slm::runtime {
namespace {

/// Of a regular file; nothing else loses what it holds by being written to.
std::optional<struct stat> status_of(const std::filesystem::path& file, int standard_stream) {
  struct stat status {};
  const int result = file == "-" ? ::fstat(standard_stream, &status) : ::stat(file.c_str(), &status);
  if (result != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return status;
}

}  // namespace

std::vector<FileInUse> files_of(const PipelineSpec& spec) {
  std::vector<FileInUse> files{{"the pipeline", spec.file}};
  for (const FilePath& named : spec.files)
    files.push_back({"a file that the pipeline names, at " + spec.file.string() + ":" +
                         std::to_string(named.place.line) + ":" + std::to_string(named.place.column),
                     named.path});
  return files;
}

void refuse_to_overwrite(const std::vector<FileInUse>& files, const std::filesystem::path& output,
                         const std::string& called) {
  const auto written = status_of(output, STDOUT_FILENO);
  if (!written) return;
  const std::string name = output == "-" ? "standard output" : called + ' ' + output.string();
  for (const auto& [what, file] : files) {
    const auto read = status_of(file, STDIN_FILENO);
    if (read && read->st_dev == written->st_dev && read->st_ino == written->st_ino)
      throw OutputError(std::string{name}.append(" is ").append(what));
  }
}

}  // namespace slm::runtime
