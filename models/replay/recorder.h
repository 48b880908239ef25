#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "models/model.h"
#include "models/replay/record.h"

namespace slm::replay {

/// Whose calls are recorded.
struct RecordedSource {
  std::string name;      ///< in the pipeline
  std::string identity;  ///< what tells the model from every other one
  /// Of an answer; empty: no price is known.
  std::function<double(int prompt_tokens, int generated_tokens, std::chrono::nanoseconds time)> cost;
};

/// Adds the calls of models to a recording, each question with its first answer; an answer also where only
/// failures were recorded. Calls that expired or were cancelled are left out.
///
/// Every function may be called from any thread. A call's line is formatted without a lock and written at
/// once, under one, so whoever is killed has recorded all that was answered.
class Recorder : public std::enable_shared_from_this<Recorder> {
 public:
  /// What became of it so far.
  struct Result {
    std::uint64_t added = 0;
    std::uint64_t known = 0;  ///< calls that were recorded already
    std::string error;        ///< why nothing more is recorded; empty if all is well
  };

  /// Goes on with a recording that is there, without a last line that was cut off. Throws `ModelError` where
  /// the file is anything else, cannot be written, or is being recorded to by another process.
  static std::shared_ptr<Recorder> open(const std::filesystem::path& file);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The same model, whose calls are recorded; it keeps the recorder alive.
  Model recorded(Model model, RecordedSource source);

  void add(Record record);
  /// Written once.
  void add(const RecordedFormat& format);
  Result result() const;

 private:
  explicit Recorder(std::filesystem::path file);
  void take_up();
  /// Whether the record is still missing, and now this caller's to write.
  bool claim(const Record& record);
  void add(const RecordedModel& model);
  void write(const std::string& lines);  // with mutex_ held

  const std::filesystem::path file_;
  int descriptor_ = -1;

  mutable std::mutex mutex_;
  std::uint64_t bytes_ = 0;                             // guarded by mutex_, as is all that follows
  std::unordered_map<std::uint64_t, bool> has_answer_;  // by model and key
  std::unordered_set<std::string> formats_;
  std::unordered_set<std::string> models_;
  Result result_;
};

}  // namespace slm::replay
