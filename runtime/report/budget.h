#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace slm::runtime {

/// What can be little or much.
enum class Spend { cost, calls, tokens, energy, time };

/// As people write them; energy is in joules, time in seconds.
inline constexpr std::array<std::pair<std::string_view, Spend>, 5> kSpends = {{{"cost", Spend::cost},
                                                                               {"calls", Spend::calls},
                                                                               {"tokens", Spend::tokens},
                                                                               {"energy", Spend::energy},
                                                                               {"time", Spend::time}}};

/// How much may be spent.
struct Budget {
  Spend spend = Spend::calls;
  double most = 0;
};

/// Reads `calls=1.3`; empty where it is none.
std::optional<Budget> parse_budget(std::string_view text);

std::string_view name_of(Spend spend);

}  // namespace slm::runtime
