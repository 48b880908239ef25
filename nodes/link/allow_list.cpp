#include "nodes/link/allow_list.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include "nodes/link/key_files.h"

namespace slm::link {
namespace {

constexpr std::string_view kSuffix = ".pub";

/// File systems note times this coarsely at worst: what changed so shortly before it was read may have
/// changed again since, and show the same stamp.
constexpr std::int64_t kCoarsestStampNs = 2'000'000'000;

/// A folder full of junk shall not fill the log.
constexpr std::size_t kMostReportsAtOnce = 20;

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

bool is_writable_by_everyone(const FileStamp& stamp) {
  return (stamp.mode & S_IWOTH) != 0;
}

/// A file's name with nothing in it that could change what a terminal or a log shows.
std::string printable(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return name;
}

}  // namespace

std::string client_name(std::string_view file_name) {
  const std::string_view name = file_name.substr(0, file_name.find('.'));
  const bool is_plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return is_plain ? std::string{name} : std::string{};
}

AllowList::AllowList(std::filesystem::path folder, Report report)
    : folder_{std::move(folder)}, report_{std::move(report)} {
  refresh();
}

bool AllowList::KeyFile::is_current(const std::filesystem::path& path) const {
  return stamp && stamp->changed_ns < read_at_ns - kCoarsestStampNs && stamp_of(path) == stamp;
}

bool AllowList::refresh() {
  const auto begin = std::chrono::steady_clock::now();
  Problems problems;
  const auto names = file_names(problems);
  files_ = names ? read_changed(*names, problems) : KeyFiles{};
  file_of_.clear();
  Clients clients;
  for (const auto& [name, file] : files_) {
    for (const PublicKey& key : file.keys) {
      const auto [first, is_new] = file_of_.emplace(key, name);
      if (is_new)
        clients.emplace(key, file.client);
      else
        problems[name] = "holds the same key as " + printable(first->second) + ", which counts";
    }
  }
  report_new(std::move(problems));
  const bool has_changed = clients != *clients_;
  if (has_changed) clients_ = std::make_shared<Clients>(std::move(clients));
  refresh_cost_ = std::chrono::steady_clock::now() - begin;
  return has_changed;
}

std::optional<std::string> AllowList::find(const PublicKey& key) {
  const auto file = file_of_.find(key);
  if (file == file_of_.end()) return std::nullopt;
  KeyFile& known = files_.at(file->second);
  if (!known.is_current(folder_ / file->second)) {
    // Only where it says something else is the whole folder worth a look: a thousand clients may come at
    // once.
    KeyFile found = read(file->second);
    const bool is_same = found.keys == known.keys;
    known = std::move(found);
    if (!is_same) refresh();
  }
  const auto client = clients_->find(key);
  if (client == clients_->end()) return std::nullopt;
  return client->second;
}

std::optional<std::vector<std::string>> AllowList::file_names(Problems& problems) const {
  const auto give_up = [&](const std::string& why) {
    problems["."] = why + ": nobody is let in";
    return std::nullopt;
  };
  const auto stamp = stamp_of(folder_);
  if (!stamp) return give_up("cannot be read (" + std::generic_category().message(errno) + ")");
  if (!stamp->is_folder()) return give_up("is no folder");
  if (is_writable_by_everyone(*stamp)) return give_up("may be written by everyone");
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder_, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with('.')) continue;
    if (name.ends_with(kSuffix))
      names.push_back(name);
    else
      problems[name] = "is not named *.pub";
  }
  if (error) return give_up("cannot be read (" + error.message() + ")");
  return names;
}

AllowList::KeyFiles AllowList::read_changed(const std::vector<std::string>& names, Problems& problems) {
  KeyFiles files;
  for (const std::string& name : names) {
    const auto known = files_.find(name);
    const bool is_known = known != files_.end() && known->second.is_current(folder_ / name);
    const KeyFile& file = files.emplace(name, is_known ? std::move(known->second) : read(name)).first->second;
    if (!file.problem.empty()) problems[name] = file.problem;
  }
  return files;
}

AllowList::KeyFile AllowList::read(const std::string& name) const {
  KeyFile file;
  file.read_at_ns = now_ns();
  file.client = client_name(name);
  try {
    const SmallFile found = read_small_file(folder_ / name, kMaxKeyFileBytes);
    file.stamp = found.stamp;
    if (file.client.empty())
      file.problem = "its name gives no client's; expected letters, digits, `_` and `-` before the first dot";
    else if (is_writable_by_everyone(found.stamp))
      file.problem = "may be written by everyone";
    else
      file.keys = parse_public_keys(found.text, folder_ / name);
  } catch (const KeyError& error) {
    file.problem = error.problem();
  }
  return file;
}

void AllowList::report_new(Problems problems) {
  std::size_t count = 0;
  for (const auto& [name, problem] : problems) {
    const auto known = problems_.find(name);
    if (known != problems_.end() && known->second == problem) continue;
    if (++count <= kMostReportsAtOnce)
      report_((name == "." ? folder_ : folder_ / printable(name)).string() + ": " + problem +
              (name == "." ? "" : "; it lets nobody in"));
  }
  if (count > kMostReportsAtOnce)
    report_(folder_.string() + ": " + std::to_string(count - kMostReportsAtOnce) +
            " more entries let nobody in");
  problems_ = std::move(problems);
}

}  // namespace slm::link
