#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "models/embedder.h"
#include "nodes/cache/neighbours.h"

namespace slm::cache {

using WallTime = std::chrono::system_clock::time_point;
using WallClock = std::function<WallTime()>;

/// Where a question stands among others.
struct Spot {
  std::uint64_t embedder = 0;  ///< hash of its identity: another one's embeddings mean nothing
  std::uint64_t group = 0;     ///< of questions that may be compared
  std::shared_ptr<const Embedding> embedding;
};

/// A line of text by its key, and when it was kept.
struct KeptLine {
  std::uint64_t key = 0;
  std::shared_ptr<const std::string> line;
  WallTime since;
  std::optional<Spot> spot{};
};

/// Where lines are kept over restarts. Functions are called one at a time and must neither block nor throw.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual void put(const KeptLine& line) = 0;
  virtual void remove(std::uint64_t key) = 0;
};

struct Bounds {
  std::size_t items = 0;
  std::uint64_t bytes = 0;  ///< of lines with what it takes to find them
  std::optional<std::chrono::milliseconds> age;
};

/// Lines in memory, within bounds: whichever was not asked for longest goes first. Any thread.
class KeptLines {
 public:
  /// What a line takes in memory beside itself.
  static constexpr std::uint64_t kOverheadBytes = 192;

  KeptLines(Bounds bounds, WallClock clock) : bounds_{bounds}, clock_{std::move(clock)} {}

  /// Null where there is none, or only one that is too old.
  std::shared_ptr<const std::string> find(std::uint64_t key);
  /// In the place of one with that key; not where it is larger than all that may be kept.
  void put(std::uint64_t key, std::string line, std::optional<Spot> spot = {});
  void remove(std::uint64_t key);

  /// The nearest of those that were put with an embedding in this group.
  std::optional<Neighbour> nearest(std::uint64_t group, std::span<const float> embedding) const {
    return neighbours_.nearest(group, embedding);
  }

  /// Takes lines that the journal has, the oldest first, and tells it from then on what changes.
  void restore(const std::vector<KeptLine>& lines, std::shared_ptr<Journal> journal);

  std::size_t size() const;
  std::uint64_t bytes() const;

 private:
  /// Without the embedding, which `neighbours_` has.
  struct Kept {
    std::uint64_t key = 0;
    std::shared_ptr<const std::string> line;
    WallTime since;
    std::uint64_t bytes = 0;
  };
  using Lines = std::list<Kept>;

  bool is_old(WallTime since) const;
  void add(KeptLine line);
  void erase(Lines::iterator line);

  const Bounds bounds_;
  const WallClock clock_;
  mutable std::mutex mutex_;
  // All guarded by mutex_
  Lines lines_;  ///< that which was asked for last first
  std::unordered_map<std::uint64_t, Lines::iterator> by_key_;
  std::uint64_t bytes_ = 0;
  Neighbours neighbours_;             ///< not guarded; changed under mutex_
  std::shared_ptr<Journal> journal_;  ///< null: none
};

}  // namespace slm::cache
