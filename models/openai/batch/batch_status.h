#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/openai/event_stream.h"

namespace slm::openai {

/// A batch as its server describes it.
struct BatchStatus {
  std::string id;
  std::string status;  ///< `validating`, `in_progress`, `completed`, …; servers may have others
  std::string input_file;
  std::string output_file;  ///< empty where there is none, or not yet
  std::string error_file;   ///< likewise
  std::string key;          ///< ours, from its metadata
  std::string errors;       ///< why it was refused as a whole
  std::int64_t created_s = 0;
  std::int64_t done = 0;   ///< requests that have succeeded or failed
  std::int64_t total = 0;  ///< 0 until the server has counted them

  /// Whether nothing more comes of it.
  bool is_over() const;
};

/// Throws `BadReply` where it is no batch.
BatchStatus read_batch_status(std::string_view json);

/// Some of a server's batches, the newest first.
struct BatchPage {
  std::vector<BatchStatus> batches;
  bool has_more = false;
};

/// Throws `BadReply` where it is no list of batches.
BatchPage read_batch_page(std::string_view json);

/// The name that a server gives a file. Throws `BadReply`.
std::string read_file_id(std::string_view json);

/// The member in which a batch carries our key.
inline constexpr const char* kBatchKey = "slm_graph";

}  // namespace slm::openai
