#include "graph/engine/ledger.h"

#include <numeric>

namespace slm::engine {

Counts Ledger::counts() const {
  using Reading = std::array<std::uint64_t, kKinds + 1>;
  const auto read = [this] {
    Reading reading{};
    for (std::size_t kind = 0; kind < kKinds; ++kind) reading[kind] = ended_[kind].load();
    reading[kKinds] = submitted_.load();
    return reading;
  };

  // They only ever grow, so two equal readings mean that none moved between them: all held at once.
  auto before = read();
  for (auto after = read(); after != before; after = read()) before = after;

  const auto of = [&](OutcomeKind kind) { return before[static_cast<std::size_t>(kind)]; };
  const auto ended = std::accumulate(before.begin(), before.begin() + kKinds, std::uint64_t{0});
  return {.submitted = before[kKinds],
          .answered = of(OutcomeKind::answered),
          .rejected = of(OutcomeKind::rejected),
          .abstained = of(OutcomeKind::abstained),
          .expired = of(OutcomeKind::expired),
          .failed = of(OutcomeKind::failed),
          .in_flight = before[kKinds] - ended};
}

}  // namespace slm::engine
