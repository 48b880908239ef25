#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace slm {

/// How requests are gathered into files that a server works through at leisure, and where it is kept which.
struct BatchOptions {
  // Behaviour

  /// Folder that remembers what has been sent, and holds the answers; of one model at a time.
  std::filesystem::path journal;
  std::string window = "24h";  ///< within which the server is to answer, in its own words
  /// How long answers that have come are kept for a later run.
  std::chrono::milliseconds keep = std::chrono::hours{30 * 24};

  // Performance

  // A batch is sent once it has so many requests, so many bytes, or its first one has waited so long.
  int max_items = 10'000;
  std::uint64_t max_bytes = 100ULL << 20U;
  std::chrono::milliseconds max_wait{30'000};
  std::chrono::milliseconds poll{30'000};  ///< between two looks at a batch; a fifth more or less
};

/// What a model that works in batches is told of the process around it.
struct BatchSurroundings {
  std::function<void(const std::string&)> log = [](const std::string&) {};  ///< a line each, any thread
  std::stop_token leaving;  ///< requests that can be put off for a later run are, once this is stopped
};

}  // namespace slm
