#include "runtime/evaluate/measure_text.h"

#include <chrono>
#include <cmath>

#include "runtime/report/numbers.h"

namespace slm::runtime {

std::string key_of(Measure measure) {
  constexpr std::array kKeys = {"calls", "prompt_tokens", "generated_tokens",
                                "cost",  "energy_j",      "latency_ms"};
  return kKeys[static_cast<std::size_t>(measure)];
}

std::string name_of(Measure measure) {
  constexpr std::array kNames = {"calls", "tokens in", "tokens out", "cost", "energy", "latency"};
  return kNames[static_cast<std::size_t>(measure)];
}

std::string measure_text(Measure measure, double amount) {
  if (measure == Measure::energy_j) return brief(amount) + " J";
  if (measure != Measure::latency_ms) return brief(amount);
  const std::string text = duration(std::chrono::nanoseconds{std::llround(std::abs(amount) * 1e6)});
  return amount < 0 ? "-" + text : text;
}

}  // namespace slm::runtime
