#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/model.h"
#include "models/replay/options.h"
#include "models/replay/record.h"

namespace slm::replay {

/// What a file of answers says to a question.
struct Came {
  Answer answer;  ///< a failure where the file has none; label names are set
  Recorded recorded;
};

/// A file of answers, indexed: 32 bytes a line are kept, and a line is read again when it is asked for. The
/// file may be renamed, deleted and added to meanwhile. Any thread.
class Answers {
 public:
  virtual ~Answers() = default;

  /// `id` is that of the caller's request.
  virtual Came find(const Asked& asked, const std::string& id) const = 0;

  /// `labels` are set where a classifier was recorded, and `checksum` is the identity of the model that was.
  virtual const ModelInfo& info() const = 0;

  virtual bool is_recording() const = 0;
};

/// Reads the whole file. Null where something is wrong with it or with the options; `problems` is then each
/// mistake, `FILE:LINE: expected …`, up to `kMaxProblems` and how many more there are.
inline constexpr std::size_t kMaxProblems = 20;
std::shared_ptr<const Answers> open_answers(const ReplayOptions& options, std::vector<std::string>& problems);

/// Whether it is a file that begins as one.
bool is_recording(const std::filesystem::path& file);

/// What a recording holds. Throws `ModelError` with the first of its mistakes.
ModelInfo inspect_recording(const std::filesystem::path& file);

}  // namespace slm::replay
