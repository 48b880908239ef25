#include "nodes/aggregate/amounts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace slm::aggregate {
namespace {

template <class T>
[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("`" + std::string{text} + "` is no amount; expected " +
                              std::string{T::kExpected});
}

}  // namespace

ByteCount ByteCount::parse(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 5> kUnits{
      {{"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  std::uint64_t count = 0;
  const auto* const stop = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), stop, count);
  if (error != std::errc{}) refuse<ByteCount>(text);
  const auto unit =
      std::ranges::find(kUnits, std::string_view{end, stop}, [](const auto& u) { return u.first; });
  if (unit == kUnits.end() || count == 0 || count > (UINT64_MAX >> unit->second)) refuse<ByteCount>(text);
  return {count << unit->second};
}

Rate Rate::parse(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits{
      {{"/s", 1}, {"/min", 60}, {"/h", 3600}}};
  constexpr double kMost = 1e6;
  double count = 0;
  const auto* const stop = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), stop, count, std::chars_format::fixed);
  if (error != std::errc{}) refuse<Rate>(text);
  const auto unit =
      std::ranges::find(kUnits, std::string_view{end, stop}, [](const auto& u) { return u.first; });
  if (unit == kUnits.end()) refuse<Rate>(text);
  const Rate rate{count / unit->second};
  constexpr double kLeast = 1.0 / (24 * 3600);  // slower ones would overflow a clock at some point
  if (!(rate.per_second >= kLeast && rate.per_second <= kMost)) refuse<Rate>(text);
  return rate;
}

}  // namespace slm::aggregate
