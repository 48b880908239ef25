#include "runtime/output/json_lines_sink.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "models/ngram/xxhash64.h"
#include "runtime/output/outcome_json.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

Descriptor opened(const std::filesystem::path& file) {
  if (file == "-") return Descriptor::lent(STDOUT_FILENO);
  // For writing alone: a named pipe that was open for reading too would never tell that its reader has gone.
  auto output = Descriptor::owned(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (output.get() < 0) throw OutputError("cannot write " + file.string() + ": " + std::strerror(errno));
  return output;
}

std::uint64_t hash_of(std::string_view bytes) {
  return ngram::xxhash64(std::as_bytes(std::span{bytes}));
}

}  // namespace

JsonLinesSink::JsonLinesSink(const std::filesystem::path& file)
    : JsonLinesSink{opened(file), file.string()} {}

JsonLinesSink::JsonLinesSink(Descriptor output, std::string name)
    : output_{std::move(output)}, name_{std::move(name)} {
  struct stat status {};
  is_file_ = ::fstat(output_.get(), &status) == 0 && S_ISREG(status.st_mode);
}

OutputMark JsonLinesSink::stage(std::span<const ResultPtr> results) {
  lines_.clear();
  ends_.clear();
  for (const ResultPtr& result : results) {
    lines_ += outcome_json(result->item.id_json, result->outcome);
    lines_ += '\n';
    ends_.push_back(lines_.size());
  }
  return {end_ + lines_.size(), hash_of(lines_)};
}

std::size_t JsonLinesSink::write() {
  if (!error_.empty()) return 0;
  std::size_t done = 0;
  while (done < lines_.size()) {
    const auto count = ::write(output_.get(), lines_.data() + done, lines_.size() - done);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) {
      error_ = std::strerror(errno);
      break;
    }
  }
  end_ += done;
  return static_cast<std::size_t>(std::ranges::upper_bound(ends_, done) - ends_.begin());
}

bool JsonLinesSink::sync() {
  return !is_file_ || ::fdatasync(output_.get()) == 0;
}

bool JsonLinesSink::holds(std::uint64_t begin, const OutputMark& mark) {
  if (mark.end < begin) return false;
  const auto written = Descriptor::owned(::open(name_.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes(mark.end - begin, '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count =
        ::pread(written.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(begin + done));
    if (count == 0 || (count < 0 && errno != EINTR)) return false;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return hash_of(bytes) == mark.hash;
}

void JsonLinesSink::cut(std::uint64_t end) {
  if (!is_file_) return;
  struct stat status {};
  if (::fstat(output_.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < end)
    throw OutputError("the output " + name_ + " has been shortened: it had " + std::to_string(end) +
                      " bytes, and has " + std::to_string(status.st_size) + " now");
  if (::ftruncate(output_.get(), static_cast<off_t>(end)) != 0 ||
      ::lseek(output_.get(), static_cast<off_t>(end), SEEK_SET) < 0)
    throw OutputError("cannot write " + name_ + ": " + std::strerror(errno));
  end_ = end;
}

}  // namespace slm::runtime
