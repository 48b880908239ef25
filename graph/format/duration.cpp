#include "graph/format/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace slm {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using Unit = std::pair<std::string_view, double>;
  constexpr std::array<Unit, 4> kUnits = {{{"ms", 1}, {"s", 1e3}, {"min", 60e3}, {"h", 3600e3}}};
  constexpr double kLongestMs = 1e12;
  double count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  const auto unit =
      std::ranges::find(kUnits, text.substr(static_cast<std::size_t>(end - text.data())), &Unit::first);
  if (unit == kUnits.end()) return std::nullopt;
  const double ms = count * unit->second;
  if (!(ms >= 0 && ms <= kLongestMs)) return std::nullopt;
  return std::chrono::milliseconds{std::llround(ms)};
}

}  // namespace slm
