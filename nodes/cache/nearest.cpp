#include "nodes/cache/nearest.h"

#include <algorithm>
#include <utility>

namespace slm::cache {

using Clock = std::chrono::steady_clock;

void Nearest::Health::failed(const std::string& reason) {
  paused_until = Clock::now() + kPause;
  if (!has_told.exchange(true))
    log(reason + "; questions that are not embedded have no near ones, and the model is asked");
}

Nearest::Nearest(EmbeddingModel model, std::shared_ptr<NearestGate> gate, Log log)
    : model_{std::move(model)}, gate_{std::move(gate)}, health_{std::make_shared<Health>()} {
  health_->log = std::move(log);
}

void Nearest::embed(const std::string& text, const Patience& patience, Done done) {
  const auto now = Clock::now();
  if (text.empty() || !gate_->is_open() || now < health_->paused_until.load()) return done(nullptr);
  const bool is_shorter = patience.deadline < now + kMostTime;
  model_.embedder->embed({text, {is_shorter ? patience.deadline : now + kMostTime, patience.cancelled}},
                         [health = health_, is_shorter, done = std::move(done)](EmbeddingResult result) {
                           if (auto* embedding = std::get_if<Embedding>(&result))
                             return done(std::make_shared<const Embedding>(std::move(*embedding)));
                           const auto& failure = std::get<ModelFailure>(result);
                           const bool is_late = failure.kind == ModelFailure::Kind::expired && !is_shorter;
                           if (is_late || failure.kind == ModelFailure::Kind::failed)
                             health->failed("the embedding of a question failed: " + failure.reason);
                           done(nullptr);
                         });
}

}  // namespace slm::cache
