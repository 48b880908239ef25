#pragma once

#include <string>

#include "models/replay/answers.h"
#include "models/replay/line_file.h"

namespace slm::replay {

/// JSON lines of any kind that have a named field with an answer, found by their `text` or `id`.
class AnsweredLines : public Answers {
 public:
  AnsweredLines(LineFile file, const ReplayOptions& options, Mistakes& mistakes);

  Came find(const Asked& asked, const std::string& id) const override;
  const ModelInfo& info() const override { return info_; }
  bool is_recording() const override { return false; }

 private:
  struct Content;
  Content parse(std::string_view line) const;
  void take(const ReadLine& line, Mistakes& mistakes);
  void check_duplicates(Mistakes& mistakes) const;

  ReplayOptions options_;
  LineFile file_;
  std::string key_;  ///< `text` or `id`; empty before the first line
  ModelInfo info_;
};

}  // namespace slm::replay
