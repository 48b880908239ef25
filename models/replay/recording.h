#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/replay/answers.h"
#include "models/replay/line_file.h"

namespace slm::replay {

/// What the lines of a recording hold, one by one; everything but the calls is kept.
struct RecordingContent {
  std::vector<RecordedModel> models;  ///< each name and identity once
  std::vector<std::string> formats;   ///< names
  std::uint64_t whole_bytes = 0;      ///< without a last line that was cut off
  bool is_cut_off = false;            ///< as where the process was killed while it wrote

  RecordedModel* model(const std::string& name, const std::string& identity);
  /// `nano`, `small` and `medium`, each once.
  std::vector<std::string> names() const;
};

/// Reads a recording; `see` is called for each call.
RecordingContent read_recording(const LineFile& file, Mistakes& mistakes,
                                const std::function<void(const Record&, const ReadLine&)>& see);

/// A recording, read and indexed.
struct RecordingIndex {
  LineFile file;
  RecordingContent content;
  std::vector<std::string> problems;
};

/// Entries of a pipeline that replay the same file share its index. Throws `ModelError` as `LineFile` does.
std::shared_ptr<const RecordingIndex> index_of(const std::filesystem::path& file);

/// One model's calls of a recording.
class Recording : public Answers {
 public:
  /// The index has no problems. Throws `std::invalid_argument` where the options name no model of it.
  Recording(std::shared_ptr<const RecordingIndex> index, const ReplayOptions& options);

  Came find(const Asked& asked, const std::string& id) const override;
  const ModelInfo& info() const override { return info_; }
  bool is_recording() const override { return true; }

 private:
  Came came(Record record) const;
  std::string why_not(const Asked& asked) const;

  std::shared_ptr<const RecordingIndex> index_;
  RecordedModel model_;
  std::shared_ptr<const std::vector<std::string>> labels_;
  ModelInfo info_;
};

}  // namespace slm::replay
