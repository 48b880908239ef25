#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>

#include "models/learning/lesson.h"

namespace slm::learning {

/// The newest lessons, in memory and in a file of JSON lines that a restart reads again. A line that was cut
/// off, or is no lesson, is passed over and counted.
///
/// One thread at a time. Lines are not synced: a power cut costs the last few lessons, a crash none.
class LessonLog {
 public:
  /// Throws `ModelError` where the file can be neither read nor made, nor written to.
  LessonLog(std::filesystem::path file, std::size_t most_lessons);
  LessonLog(const LessonLog&) = delete;
  LessonLog& operator=(const LessonLog&) = delete;
  ~LessonLog();

  /// Keeps the lesson in place of the oldest where there is no more room. False where the file could not take
  /// it: then it is only in memory.
  bool add(Lesson lesson);

  const std::deque<Lesson>& lessons() const { return lessons_; }
  std::size_t damaged_lines() const { return damaged_lines_; }

 private:
  void read();
  void open();
  bool write(const std::string& lines);
  bool shorten();

  std::filesystem::path file_;
  std::size_t most_lessons_;
  std::deque<Lesson> lessons_;
  std::size_t damaged_lines_ = 0;
  std::size_t lines_ = 0;  ///< in the file
  bool ends_in_line_ = true;
  int descriptor_ = -1;
};

}  // namespace slm::learning
