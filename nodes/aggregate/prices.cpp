#include "nodes/aggregate/prices.h"

#include <date/date.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace slm::aggregate {
namespace {

std::optional<std::chrono::sys_seconds> moment_of(const std::string& text) {
  for (const char* format : {"%FT%H:%M%Ez", "%FT%T%Ez", "%FT%H:%MZ", "%FT%TZ"}) {
    std::istringstream stream{text};
    date::sys_seconds moment;
    date::from_stream(stream, format, moment);
    if (stream && stream.peek() == std::istringstream::traits_type::eof())
      return std::chrono::sys_seconds{moment.time_since_epoch()};
  }
  return std::nullopt;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Prices Prices::read(const std::filesystem::path& file) {
  std::size_t number = 0;
  const auto refuse = [&](const std::string& what) {
    throw std::runtime_error(file.string() + ":" + std::to_string(number) + ": " + what);
  };
  std::ifstream stream{file};
  if (!stream) throw std::runtime_error(file.string() + ": cannot be read");
  Prices prices;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (number == 1) {
      if (line != "from,price") refuse("found `" + line + "`; expected the header `from,price`");
      continue;
    }
    if (line.empty()) continue;
    const auto comma = line.find(',');
    const auto from = moment_of(line.substr(0, comma));
    const auto price =
        comma == line.npos ? std::nullopt : number_of(std::string_view{line}.substr(comma + 1));
    if (!from || !price)
      refuse("found `" + line +
             "`; expected a time with its distance from UTC and a price, such as "
             "`2026-11-23T22:00+01:00,0.071`");
    if (!prices.prices_.empty() && prices.prices_.back().from >= *from)
      refuse("its time is not after that of the line before");
    prices.prices_.push_back({*from, *price});
  }
  if (prices.prices_.size() < 2)
    refuse("expected at least two prices, since the next one tells how long one holds");
  return prices;
}

std::optional<double> Prices::at(std::chrono::sys_seconds moment) const {
  const auto next = std::ranges::upper_bound(prices_, moment, {}, &Price::from);
  if (next == prices_.begin()) return std::nullopt;
  const auto last = prices_.end() - 1;
  const auto end = last->from + (last->from - (last - 1)->from);
  if (moment >= end) return std::nullopt;
  return (next - 1)->price;
}

}  // namespace slm::aggregate
