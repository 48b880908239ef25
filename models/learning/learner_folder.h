#pragma once

#include <filesystem>

namespace slm::learning {

/// The folder of a learner, made where it is missing and kept from others while this lives.
class LearnerFolder {
 public:
  /// Throws `ModelError` where it cannot be made or written to, or belongs to another learner.
  explicit LearnerFolder(std::filesystem::path folder);
  LearnerFolder(const LearnerFolder&) = delete;
  LearnerFolder& operator=(const LearnerFolder&) = delete;
  ~LearnerFolder();

  std::filesystem::path lessons() const { return path_ / "lessons.jsonl"; }
  std::filesystem::path state() const { return path_ / "state.json"; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace slm::learning
