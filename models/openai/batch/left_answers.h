#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/openai/batch/sent_batch.h"

namespace slm::openai {

/// What batches of earlier processes have answered or will answer, by question. Each is given once, so that
/// who asks the same twice gets two answers. One thread.
class LeftAnswers {
 public:
  struct Place {
    SentBatchPtr batch;
    std::string custom_id;
    std::optional<std::uint64_t> offset;  ///< in the batch's output; empty: not answered yet
  };

  void add(Place place);
  /// One that is answered before one that is not.
  std::optional<Place> take(const std::string& question);
  bool has_any_of(const SentBatch& batch) const;
  /// The answer of a batch's request has come; does nothing where that is not here.
  void answered(const SentBatch& batch, const std::string& custom_id, std::uint64_t offset);
  /// No more answers of this batch will come.
  void end(const SentBatch& batch);

 private:
  std::unordered_map<std::string, std::vector<Place>> places_;
};

}  // namespace slm::openai
