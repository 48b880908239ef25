#include "nodes/aggregate/hours.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>

namespace slm::aggregate {
namespace {

using std::chrono::minutes;

constexpr minutes kDay = std::chrono::hours{24};

/// Two digits below `end`.
std::optional<int> two_digits(std::string_view text, int end) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = text.size() == 2 && error == std::errc{} && stop == text.data() + text.size();
  return is_number && value >= 0 && value < end ? std::optional{value} : std::nullopt;
}

std::optional<minutes> time_of_day(std::string_view text) {
  if (text == "24:00") return kDay;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2), 24);
  const auto minute = two_digits(text.substr(3), 60);
  if (!hour || !minute) return std::nullopt;
  return minutes{*hour * 60 + *minute};
}

}  // namespace

Hours Hours::parse(std::string_view text) {
  const auto dash = text.find('-');
  const auto from = time_of_day(text.substr(0, dash));
  const auto to = dash == text.npos ? std::nullopt : time_of_day(text.substr(dash + 1));
  if (!from || !to || *from == kDay)
    throw std::invalid_argument("`" + std::string{text} + "` is no " + std::string{kExpected});
  if (*from == *to)
    throw std::invalid_argument(
        "`" + std::string{text} +
        "` never opens, since it ends when it begins; the whole day is `00:00-24:00`");
  return {*from, *to > *from ? *to : *to + kDay};
}

}  // namespace slm::aggregate
