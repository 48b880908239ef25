#include "runtime/output/failed_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const std::string& id_json, std::string_view written, const std::string& reason) {
  Json line = Json::parse(written, nullptr, false);
  if (!line.is_object()) {
    line = Json::object();
    if (!written.empty()) line["unread"] = written;
  }
  line.erase("id");
  line["reason"] = reason;
  // The id is JSON already, and a number may have more digits than parsing it would keep.
  return "{\"id\":" + id_json + "," + line.dump(-1, ' ', false, Json::error_handler_t::replace).substr(1) +
         "\n";
}

}  // namespace

FailedLines::FailedLines(const std::filesystem::path& file)
    : file_{Descriptor::owned(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666))},
      name_{file} {
  if (file_.get() < 0) throw OutputError("cannot write " + file.string() + ": " + std::strerror(errno));
  struct stat status {};
  // A device or a pipe cannot be cut, and need not be.
  is_file_ = ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (is_file_) end_ = static_cast<std::uint64_t>(status.st_size);
}

void FailedLines::cut(std::uint64_t end) {
  if (!is_file_) return;
  if (end_ < end)
    throw OutputError("the file for lines that failed, " + name_.string() + ", has been shortened: it had " +
                      std::to_string(end) + " bytes, and has " + std::to_string(end_) + " now");
  if (::ftruncate(file_.get(), static_cast<off_t>(end)) != 0)
    throw OutputError("cannot write " + name_.string() + ": " + std::strerror(errno));
  end_ = end;
}

void FailedLines::add(const std::string& id_json, std::string_view written, const std::string& reason) {
  const auto line = line_of(id_json, written, reason);
  const std::lock_guard lock{mutex_};
  if (!error_.empty()) return;
  for (std::size_t done = 0; done < line.size();) {
    const auto count = ::write(file_.get(), line.data() + done, line.size() - done);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count > 0 && is_file_) end_ += static_cast<std::uint64_t>(count);
    if (count < 0 && errno != EINTR) {
      error_ = std::strerror(errno);
      return;
    }
  }
  ++count_;
}

std::uint64_t FailedLines::count() const {
  const std::lock_guard lock{mutex_};
  return count_;
}

std::uint64_t FailedLines::end() const {
  const std::lock_guard lock{mutex_};
  return end_;
}

bool FailedLines::sync() const {
  return ::fdatasync(file_.get()) == 0 || errno == EINVAL;
}

std::string FailedLines::error() const {
  const std::lock_guard lock{mutex_};
  return error_;
}

}  // namespace slm::runtime
