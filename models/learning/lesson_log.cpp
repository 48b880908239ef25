#include "models/learning/lesson_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "models/model.h"
#include "models/replace_file.h"

namespace slm::learning {
namespace {

using Json = nlohmann::json;

std::string line_of(const Lesson& lesson) {
  Json json{{"text", lesson.text}, {"label", lesson.label}};
  if (lesson.weight != 1) json["weight"] = lesson.weight;
  if (lesson.greatest_weight != 1) json["greatest_weight"] = lesson.greatest_weight;
  if (lesson.is_held_out) json["held_out"] = true;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::optional<Lesson> parse(const std::string& line) {
  try {
    const Json json = Json::parse(line);
    Lesson lesson{json.at("text"), json.at("label"), json.value("weight", 1.0),
                  json.value("greatest_weight", 1.0), json.value("held_out", false)};
    if (!(lesson.weight > 0) || !(lesson.greatest_weight >= lesson.weight)) return std::nullopt;
    return lesson;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

LessonLog::LessonLog(std::filesystem::path file, std::size_t most_lessons)
    : file_{std::move(file)}, most_lessons_{most_lessons} {
  read();
  open();
}

LessonLog::~LessonLog() {
  ::close(descriptor_);
}

void LessonLog::read() {
  std::ifstream stream(file_, std::ios::binary);
  std::string line;
  while (std::getline(stream, line)) {
    ++lines_;
    ends_in_line_ = !stream.eof();
    if (auto lesson = parse(line)) {
      lessons_.push_back(*std::move(lesson));
      if (lessons_.size() > most_lessons_) lessons_.pop_front();
    } else {
      ++damaged_lines_;
    }
  }
}

void LessonLog::open() {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    throw ModelError(file_.string() +
                     ": lessons cannot be kept there: " + std::generic_category().message(errno));
}

bool LessonLog::add(Lesson lesson) {
  const std::string line = line_of(lesson);
  lessons_.push_back(std::move(lesson));
  if (lessons_.size() > most_lessons_) lessons_.pop_front();
  ++lines_;
  return lines_ > 2 * most_lessons_ ? shorten() : write(line);
}

bool LessonLog::write(const std::string& lines) {
  std::string text = ends_in_line_ ? lines : '\n' + lines;
  for (std::string_view left = text; !left.empty();) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      // What part of the line was written is cut off by the next one's line break.
      ends_in_line_ = left.size() == text.size() && ends_in_line_;
      return false;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  ends_in_line_ = true;
  return true;
}

bool LessonLog::shorten() {
  std::string text;
  for (const Lesson& lesson : lessons_) text += line_of(lesson);
  try {
    replace_file(file_, std::as_bytes(std::span(text)), {});
    ::close(std::exchange(descriptor_, -1));
    lines_ = lessons_.size();
    ends_in_line_ = true;
    open();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace slm::learning
