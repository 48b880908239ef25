#include "models/openai/batch/batch_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <system_error>

#include "models/checksum.h"
#include "models/model.h"
#include "models/replace_file.h"
#include "models/text_file.h"

namespace slm::openai {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPrefix = "slm-graph-";

[[noreturn]] void refuse(const fs::path& folder, const std::string& why) {
  throw ModelError(folder.string() + ": cannot be the `journal` of batches: " + why);
}

std::string drawn_key() {
  std::random_device random;
  return kPrefix + hexadecimal(static_cast<std::uint64_t>(random()) << 32U | random());
}

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Our files alone, by name.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kPrefix)) files.push_back(entry.path());
  return files;
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
}

}  // namespace

BatchJournal::BatchJournal(fs::path folder, const std::string& origin)
    : folder_(std::move(folder)), origin_(origin) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) refuse(folder_, error.message());
  descriptor_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) refuse(folder_, std::generic_category().message(errno));
  try {
    // Of the open folder and not of the process: two models in one program keep each other out too.
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
      refuse(folder_, "another model, or another process, uses it; each needs one of its own");
    check_replaceable(folder_ / kPrefix);
    // What was not saved was not started.
    for (const auto& file : files_in(folder_)) {
      const std::string name = file.filename().string();
      const fs::path saved = folder_ / (name.substr(0, name.find('.')) + ".json");
      if (name.find(".tmp") != std::string::npos || !fs::exists(saved)) remove_file(file);
    }
    read();
  } catch (const std::system_error& problem) {
    ::close(descriptor_);
    refuse(folder_, problem.what());
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

BatchJournal::~BatchJournal() {
  ::close(descriptor_);
}

std::vector<BatchRecord> BatchJournal::read() const {
  std::vector<BatchRecord> records;
  for (const auto& file : files_in(folder_)) {
    if (file.extension() != ".json") continue;
    const json state = json::parse(read_text_file(file), nullptr, false);
    BatchRecord record{.key = file.stem().string()};
    try {
      if (state.at("server").get<std::string>() != origin_)
        refuse(folder_,
               "its batches are those of " + state.at("server").get<std::string>() + "; name another folder");
      record.input_file = state.at("input_file_id").get<std::string>();
      record.batch = state.at("batch_id").get<std::string>();
      record.created_s = state.at("created").get<std::int64_t>();
      record.is_over = state.at("is_over").get<bool>();
    } catch (const json::exception&) {
      refuse(folder_, file.filename().string() +
                          " is damaged; look at the server what became of its batch, " +
                          "and remove the file");
    }
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const BatchRecord& a, const BatchRecord& b) {
    return std::pair(a.created_s, a.key) < std::pair(b.created_s, b.key);
  });
  return records;
}

BatchRecord BatchJournal::begin(const std::vector<std::string>& lines) {
  BatchRecord record{.key = drawn_key(), .created_s = now_s()};
  FileReplacement replacement(input(record));
  for (const std::string& line : lines) replacement.write(std::as_bytes(std::span(line)));
  replacement.finish();
  return record;
}

void BatchJournal::save(const BatchRecord& record) {
  const std::string text = json{{"server", origin_},
                                {"input_file_id", record.input_file},
                                {"batch_id", record.batch},
                                {"created", record.created_s},
                                {"is_over", record.is_over}}
                               .dump() +
                           "\n";
  replace_file(state(record), std::as_bytes(std::span(text)), [](const fs::path&) {});
}

void BatchJournal::forget(const BatchRecord& record) {
  // Its state first: what has none is nobody's.
  for (const auto& file : {state(record), input(record), output(record), errors(record)}) remove_file(file);
}

void BatchJournal::forget_input(const BatchRecord& record) {
  for (const auto& file : {input(record), errors(record)}) remove_file(file);
}

}  // namespace slm::openai
