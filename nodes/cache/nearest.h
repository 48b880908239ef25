#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "models/embedder.h"
#include "nodes/cache/nearest_gate.h"

namespace slm::cache {

/// What finds near questions for a cache: the model that embeds them, and the gate before their answers. Any
/// thread.
///
/// An embedding is not worth waiting for: where there is none within `kMostTime`, the question has none. A
/// model that fails is left alone for `kPause`, and that it failed is told once.
class Nearest {
 public:
  using Log = NearestGate::Log;
  /// Null where there is no embedding.
  using Done = std::function<void(std::shared_ptr<const Embedding>)>;

  static constexpr std::chrono::milliseconds kMostTime{2000};
  static constexpr std::chrono::seconds kPause{10};

  Nearest(EmbeddingModel model, std::shared_ptr<NearestGate> gate, Log log);

  const std::shared_ptr<NearestGate>& gate() const { return gate_; }
  bool is_remote() const { return model_.is_remote; }

  /// Calls `done` once, here or on a thread of the model, also where the model is destroyed first: so it must
  /// not keep this alive.
  void embed(const std::string& text, const Patience& patience, Done done);

 private:
  struct Health {
    Log log;
    std::atomic<std::chrono::steady_clock::time_point> paused_until{};
    std::atomic<bool> has_told = false;

    void failed(const std::string& reason);
  };

  const EmbeddingModel model_;
  const std::shared_ptr<NearestGate> gate_;
  const std::shared_ptr<Health> health_;  // shared with calls under way
};

}  // namespace slm::cache
