#include "nodes/aggregate/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace slm::aggregate {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRules {
  std::string_view what;
  std::size_t low = 0;
  std::size_t high = 0;
  std::span<const std::string_view> names;  ///< of the values from `low`
};

[[noreturn]] void refuse(std::string_view found, const FieldRules& rules) {
  throw std::invalid_argument("`" + std::string{found} + "` is no " + std::string{rules.what} +
                              " of cron; expected `*`, or numbers and ranges from " +
                              std::to_string(rules.low) + " to " + std::to_string(rules.high) +
                              " with commas between them");
}

std::size_t number(std::string_view text, const FieldRules& rules) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) refuse(text, rules);
  return value;
}

std::size_t value_of(std::string_view text, const FieldRules& rules) {
  const auto name = std::ranges::find(rules.names, text);
  if (name != rules.names.end()) return rules.low + static_cast<std::size_t>(name - rules.names.begin());
  const auto value = number(text, rules);
  if (value < rules.low || value > rules.high) refuse(text, rules);
  return value;
}

/// `*`, `5`, `mon-fri`, `*/15` or `8-18/2`.
template <std::size_t N>
void add_part(std::bitset<N>& set, std::string_view part, const FieldRules& rules) {
  const auto slash = part.find('/');
  const auto range = part.substr(0, slash);
  const auto dash = range.find('-');
  std::size_t first = rules.low, last = rules.high;
  if (range != "*") {
    first = last = value_of(range.substr(0, dash), rules);
    if (dash != range.npos)
      last = value_of(range.substr(dash + 1), rules);
    else if (slash != part.npos)
      refuse(part, rules);  // a step of one number: what cron makes of it varies
  }
  const auto step = slash == part.npos ? 1 : number(part.substr(slash + 1), rules);
  if (last < first || step == 0) refuse(part, rules);
  for (auto value = first; value <= last; value += step) set.set(value);
}

template <std::size_t N>
std::bitset<N> set_of(std::string_view field, const FieldRules& rules) {
  std::bitset<N> set;
  while (true) {
    const auto comma = field.find(',');
    add_part(set, field.substr(0, comma), rules);
    if (comma == field.npos) return set;
    field.remove_prefix(comma + 1);
  }
}

bool is_restricted(std::string_view field) {
  return !field.starts_with('*');
}

}  // namespace

CronTimes CronTimes::parse(std::string_view text) {
  std::istringstream stream{std::string{text}};
  std::vector<std::string> fields;
  for (std::string field; stream >> field;) {
    std::ranges::transform(field, field.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    fields.push_back(field);
  }
  if (fields.size() != 5)
    throw std::invalid_argument("`" + std::string{text} + "` has " + std::to_string(fields.size()) +
                                " fields; expected " + std::string{kExpected});
  CronTimes times;
  times.minutes_ = set_of<60>(fields[0], {"minute", 0, 59, {}});
  times.hours_ = set_of<24>(fields[1], {"hour", 0, 23, {}});
  times.days_of_month_ = set_of<32>(fields[2], {"day of the month", 1, 31, {}});
  times.months_ = set_of<13>(fields[3], {"month", 1, 12, kMonths});
  times.days_of_week_ = set_of<8>(fields[4], {"day of the week", 0, 7, kWeekdays});
  if (times.days_of_week_[7]) times.days_of_week_.set(0);
  times.is_either_day_ = is_restricted(fields[2]) && is_restricted(fields[4]);

  constexpr std::chrono::days kCalendar{28 * 366};  // until it begins anew, but for the years 1900 and 2100
  constexpr std::chrono::local_days kBegin{std::chrono::year{2001} / 1 / 1};
  for (auto day = kBegin; day < kBegin + kCalendar; day += std::chrono::days{1})
    if (times.has_day(day)) return times;
  throw std::invalid_argument("`" + std::string{text} + "` never opens: such a day never comes");
}

bool CronTimes::has_day(std::chrono::local_days day) const {
  const std::chrono::year_month_day date{day};
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool of_month = days_of_month_[static_cast<unsigned>(date.day())];
  const bool of_week = days_of_week_[std::chrono::weekday{day}.c_encoding()];
  return is_either_day_ ? of_month || of_week : of_month && of_week;
}

}  // namespace slm::aggregate
