#include "models/replay/line_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <tuple>

#include "models/model.h"
#include "models/replay/answers.h"

namespace slm::replay {

LineFile::LineFile(const std::filesystem::path& file) : path_{file}, file_{std::fopen(file.c_str(), "rbe")} {
  if (!file_) throw ModelError(name() + ": cannot be read: " + std::generic_category().message(errno));
  struct stat status {};
  if (::fstat(::fileno(file_.get()), &status) != 0 || !S_ISREG(status.st_mode))
    throw ModelError(name() + ": no regular file");
}

void LineFile::each(const std::function<void(const ReadLine&)>& see) const {
  char* text = nullptr;
  std::size_t room = 0;
  std::rewind(file_.get());
  ReadLine line;
  for (ssize_t size = 0; (size = ::getline(&text, &room, file_.get())) > 0; line.offset = line.end) {
    ++line.number;
    line.end = line.offset + static_cast<std::size_t>(size);
    line.text = {text, static_cast<std::size_t>(size)};
    line.is_whole = line.text.ends_with('\n');
    const std::size_t last = line.text.find_last_not_of(" \t\r\n");
    if (last == std::string_view::npos) continue;
    line.text = line.text.substr(0, last + 1);
    see(line);
  }
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): getline's own
}

void LineFile::sort() {
  entries_.shrink_to_fit();
  std::ranges::sort(entries_, {}, [](const Entry& entry) {
    return std::tuple{entry.about, entry.key, entry.rank};
  });
}

std::span<const LineFile::Entry> LineFile::about(std::uint64_t hash) const {
  const auto begin = std::ranges::lower_bound(entries_, hash, {}, &Entry::about);
  return {begin, std::ranges::upper_bound(begin, entries_.end(), hash, {}, &Entry::about)};
}

std::string LineFile::read(const Entry& entry) const {
  std::string text(entry.bytes, '\0');
  const ssize_t size =
      ::pread(::fileno(file_.get()), text.data(), text.size(), static_cast<off_t>(entry.offset));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

void Mistakes::add(std::uint32_t line, const std::string& mistake) {
  if (told_.size() == kMaxProblems)
    ++others_;
  else
    told_.push_back(file_ + ':' + std::to_string(line) + ": " + mistake);
}

void Mistakes::add(const std::string& mistake) {
  told_.push_back(file_ + ": " + mistake);
}

std::vector<std::string> Mistakes::take() {
  if (others_ > 0) told_.push_back(file_ + ": " + std::to_string(others_) + " more such lines");
  return std::move(told_);
}

}  // namespace slm::replay
