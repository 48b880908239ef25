#pragma once

#include <algorithm>

#include "graph/message.h"
#include "graph/rates.h"
#include "models/generator.h"

/// What a model's work at a node adds to the message's trace. Time at the node is that of the one message,
/// however many others the model worked on then. The answer's own tokens must be on the hop before.
namespace slm {

/// What the tries of a call took beside its answer.
struct Spent {
  std::optional<Clock::duration> time;  ///< at the node without the waits; empty: it never waits
  int failed_tries = 0;                 ///< that another followed
  // Of tries that failed, where the model tells.
  int prompt_tokens = 0;
  int generated_tokens = 0;
};

/// `answers` of them came, none where the call failed: then it took time, and the tokens of its tries. Of
/// answers that are replayed, the recorded time counts, and the recorded cost where the model has no price.
/// An answer from a cache costs only what was tried in vain before it; its tokens must not be on the hop.
inline void charge(Hop& hop, const ModelRates& rates, std::uint32_t answers, const Recorded& recorded,
                   const Spent& spent = {}) {
  hop.prompt_tokens += static_cast<std::uint32_t>(spent.prompt_tokens);
  hop.generated_tokens += static_cast<std::uint32_t>(spent.generated_tokens);
  if (recorded.is_cached) {
    if (spent.failed_tries > 0) charge(hop, rates, 0, {}, {.time = spent.time});
    hop.is_cached = true;
    hop.nearest = recorded.nearest;
    return;
  }
  hop.is_cached = false;
  hop.recorded = recorded.duration;
  if (!rates.price) hop.cost += recorded.cost.value_or(0);
  if (rates.empty()) return;
  const auto time = recorded.duration.value_or(
      std::max(spent.time ? *spent.time : Clock::now() - hop.entered, Clock::duration::zero()));
  if (rates.price) hop.cost += rates.price->of(answers, hop.prompt_tokens, hop.generated_tokens, time);
  hop.energy_j += rates.watts * std::chrono::duration<double>(time).count();
}

}  // namespace slm
