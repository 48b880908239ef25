#include "runtime/input/input_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/input/file_pattern.h"

namespace slm::runtime {
namespace {

std::vector<std::filesystem::path> files_named(const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) {
    if (!is_pattern(name)) {
      files.emplace_back(name);
      continue;
    }
    const auto matching = matching_files(name);
    files.insert(files.end(), matching.begin(), matching.end());
  }
  return files;
}

/// By whatever names: every line is to be done once.
void refuse_twice(const std::vector<std::filesystem::path>& files) {
  std::map<std::pair<dev_t, ino_t>, std::string> known;
  for (const auto& file : files) {
    struct stat status {};
    const int result = file == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(file.c_str(), &status);
    if (result != 0 || S_ISCHR(status.st_mode)) continue;
    const auto name = name_of_input(file);
    const auto [first, is_new] = known.try_emplace({status.st_dev, status.st_ino}, name);
    if (!is_new)
      throw InputError("the input " + name + " comes twice" +
                       (name == first->second ? "" : ", first as " + first->second));
  }
}

}  // namespace

InputFiles::InputFiles(const std::vector<std::string>& names, SourceOptions options, int stop)
    : options_{std::move(options)},
      stop_{stop},
      files_{files_named(names)},
      are_several_{names.size() > 1 || is_pattern(names.front())} {
  refuse_twice(files_);
  open_next();
  check_rest();
}

void InputFiles::check_rest() {
  auto size = bytes_->size_bytes();
  for (std::size_t i = 1; i < files_.size(); ++i) {
    ByteReader bytes{files_[i]};
    // What is no regular file could be read only once.
    if (bytes.size_bytes() && files_[i] != "-") make_source(bytes, files_[i], options_);
    size = size && bytes.size_bytes() ? std::optional{*size + *bytes.size_bytes()} : std::nullopt;
  }
  size_bytes_ = size.value_or(0);
}

void InputFiles::open_next() {
  const auto& file = files_[opened_++];
  source_.reset();
  bytes_before_ += bytes_ ? bytes_->bytes_read() : 0;
  bytes_ = std::make_unique<ByteReader>(file, stop_);
  source_ = make_source(*bytes_, file, options_);
  if (are_several_) {
    id_beginning_ =
        nlohmann::json(file.string() + ":").dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    id_beginning_.pop_back();  // the quote
  }
}

std::optional<InputItem> InputFiles::next() {
  for (;;) {
    auto item = source_->next();
    bytes_read_.store(bytes_before_ + bytes_->bytes_read(), std::memory_order_relaxed);
    if (item) {
      item->number = next_number_++;
      if (!options_.shard.holds(item->number)) continue;
      last_ = {item->number, opened_ - 1, item->line, item->begin};
      if (are_several_ && !item->has_id) {
        item->id_json = id_beginning_ + std::to_string(item->line) + '"';
        item->request.id = last_place();
      }
      return item;
    }
    if (bytes_->was_stopped() || opened_ == files_.size()) return std::nullopt;
    open_next();
  }
}

void InputFiles::skip_to(const InputPosition& position) {
  while (opened_ <= position.file) {
    bytes_before_ += bytes_->size_bytes().value_or(0);
    bytes_before_ -= bytes_->bytes_read();  // which `open_next` adds
    open_next();
  }
  next_number_ = position.number;
  if (position.line > 0) source_->skip_to(position.line, position.begin);
}

std::string InputFiles::last_place() const {
  const auto line = std::to_string(last_.line);
  return are_several_ ? files_[last_.file].string() + ":" + line : "line " + line;
}

}  // namespace slm::runtime
