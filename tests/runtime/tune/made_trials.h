#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "runtime/trials/trial.h"
#include "runtime/trials/tunable_gates.h"

namespace slm::testing {

/// Lines of a cascade of two tiers whose truth is known: a confidence c is even over [0, 1], the small tier
/// is right with probability c, the large one with `top`, and both cost one call.
class MadeCascade {
 public:
  explicit MadeCascade(double top) : top_{top} {}

  std::vector<runtime::TunableGate> gates() const {
    runtime::TunableGate gate;
    gate.name = "gate";
    gate.has_accept = true;
    gate.bars.accept = 0.9;
    return {gate};
  }

  /// Accuracy of all lines there could be, where the gate accepts from `bar` on.
  double accuracy(double bar) const {
    const double accepted = std::min(std::max(bar, 0.0), 1.0);
    return (1 - accepted * accepted) / 2 + accepted * top_;
  }

  runtime::Trial draw(std::mt19937& random) const {
    using namespace runtime;
    const auto chance = [&] { return std::uniform_real_distribution<>{0, 1}(random); };
    const double confidence = chance();
    Trial trial;
    const auto ending = [&](const char* tier, std::uint32_t calls, bool is_right) {
      Ending made;
      made.kind = OutcomeKind::answered;
      made.tier = tier;
      made.answer = is_right ? "right" : tier;
      made.usage.calls = calls;
      made.is_right = is_right;
      trial.endings.push_back(made);
      return Onward{Onward::Kind::ending, trial.endings.size() - 1};
    };
    Visit visit;
    visit.confidence = confidence;
    visit.is_allowed = {false, true, true};
    visit.onward[static_cast<std::size_t>(Way::accept)] = ending("small", 1, chance() < confidence);
    visit.onward[static_cast<std::size_t>(Way::escalate)] = ending("large", 2, chance() < top_);
    trial.visits.push_back(std::move(visit));
    trial.start = {Onward::Kind::visit, 0};
    return trial;
  }

  std::vector<runtime::Trial> draw(std::size_t count, std::mt19937& random) const {
    std::vector<runtime::Trial> trials;
    for (std::size_t i = 0; i < count; ++i) trials.push_back(draw(random));
    return trials;
  }

 private:
  double top_;
};

}  // namespace slm::testing
