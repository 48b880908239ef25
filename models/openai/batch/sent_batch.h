#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "models/backoff.h"
#include "models/openai/batch/batch_journal.h"
#include "models/openai/batch/waiting.h"

namespace slm::openai {

/// A batch on its way, from the time its file is written until its answers are here.
struct SentBatch {
  using Clock = std::chrono::steady_clock;

  explicit SentBatch(BatchRecord batch_record) : record(std::move(batch_record)) {}

  BatchRecord record;
  std::unordered_map<std::string, WaiterPtr> waiters;  ///< by `custom_id`
  Clock::time_point next;                              ///< when it is to be gone on with
  Backoff backoff{std::chrono::milliseconds{250}, std::chrono::seconds{20}};
  int tries = 0;  ///< of what is being tried now
  /// It may have been started, though its server's name for it is not known.
  bool is_doubtful = false;
  std::optional<Clock::time_point> deserted;  ///< since when nobody has waited who did
  // As was told last
  std::string trouble;
  std::int64_t done = 0;
  Clock::time_point told;
};

using SentBatchPtr = std::shared_ptr<SentBatch>;

}  // namespace slm::openai
