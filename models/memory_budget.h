#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

namespace slm {

/// Memory that loaded models may take together. A model that is loaded on demand enters before it is loaded,
/// and makes way for others while it is idle, the least recently used first. Any thread.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  using Clock = std::chrono::steady_clock;

  /// A model that comes and goes.
  class Tenant {
   public:
    virtual ~Tenant() = default;
    /// Others wait for its room: it leaves as soon as it has done what it has begun. Must not call back.
    virtual void make_way() = 0;
    virtual Clock::time_point last_used() const = 0;
    /// Until when it need not make way, so that models which take turns do not spend their time loading.
    virtual Clock::time_point stays_until() const = 0;
  };

  /// 0: as much as there is.
  void set_limit(std::uint64_t bytes);
  std::uint64_t limit() const;

  /// Of models that stay.
  std::uint64_t kept() const;

  /// Room for a model that stays, for as long as the result lives; others make way for it.
  std::shared_ptr<void> keep(std::uint64_t bytes);
  /// Who wants to enter waits in line, and tries again: others may have to make way first.
  enum class Entry { granted, wait, never };
  Entry enter(Tenant& tenant, std::uint64_t bytes);
  /// Gives back its room, or its place in the line.
  void leave(Tenant& tenant);

 private:
  struct Room {
    std::uint64_t bytes = 0;
    bool was_told = false;
  };

  /// Whether there is room for so many bytes; if not, tells others to make way.
  bool has_room(std::uint64_t bytes);

  mutable std::mutex mutex_;
  std::uint64_t limit_ = 0;
  std::uint64_t kept_ = 0;
  std::map<Tenant*, Room> rooms_;
  std::deque<Tenant*> line_;  // of those that wait
};

}  // namespace slm
