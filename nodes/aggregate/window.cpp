#include "nodes/aggregate/window.h"

#include <algorithm>
#include <exception>

#include "nodes/aggregate/prices.h"

namespace slm::aggregate {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::sys_seconds;

constexpr days kFar{5 * 366};
constexpr std::chrono::hours kLongestOpening{31 * 24};

TimeZone zone_of(const WindowOptions& window) {
  return window.zone.value_or(TimeZone{});
}

bool begins_on(const WindowOptions& window, local_days day) {
  if (window.cron) return window.cron->has_day(day);
  if (!window.days) return true;
  return std::ranges::count(*window.days, static_cast<Weekday>(std::chrono::weekday{day}.c_encoding())) > 0;
}

/// The opening of cron that begins on a day first, of those that end after `now`.
std::optional<Opening> cron_opening(const WindowOptions& window, const TimeZone& zone, local_days day,
                                    sys_seconds now) {
  const auto length = std::chrono::ceil<std::chrono::seconds>(*window.open_for);
  std::optional<Opening> found;
  constexpr std::size_t kMinutesOfADay = 1440;
  for (std::size_t minute = 0; minute < kMinutesOfADay; ++minute) {
    if (!window.cron->has_hour(minute / 60) || !window.cron->has_minute(minute % 60)) continue;
    const auto moments = zone.moments(day + std::chrono::minutes{minute});
    for (const auto begin : {moments.first, moments.last})
      if (begin + length > now && (!found || begin < found->begin)) found = Opening{begin, begin + length};
  }
  return found;
}

std::optional<Opening> opening_on(const WindowOptions& window, const TimeZone& zone, local_days day,
                                  sys_seconds now) {
  if (!begins_on(window, day)) return std::nullopt;
  if (window.cron) return cron_opening(window, zone, day, now);
  const Opening opening{zone.moments(day + window.hours->from).first,
                        zone.moments(day + window.hours->to).last};
  const bool is_left_out = opening.end <= opening.begin;  // by clocks that were set forward
  return opening.end > now && !is_left_out ? std::optional{opening} : std::nullopt;
}

std::string problem_of(const ConditionOptions& conditions) {
  if (!conditions.on_mains && !conditions.price && !conditions.at_most)
    return "its `while` names no condition; expected `on_mains`, or `price` and `at_most`";
  if (conditions.price.has_value() != conditions.at_most.has_value())
    return "its `while` has only one of `price` and `at_most`; expected a file of prices and the highest "
           "price";
  if (!conditions.price) return {};
  try {
    Prices::read(conditions.price->path);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// What is wrong with the keys that say when it is open.
std::string problem_of_time(const WindowOptions& window) {
  if (window.hours.has_value() == window.cron.has_value()) return "expected either `hours` or `cron`";
  if (window.cron && !window.open_for) return "`cron` says when it opens; expected `open_for` too";
  if (window.hours && window.open_for)
    return "`open_for` goes with `cron`; `hours` say themselves when they end";
  if (window.cron && window.days) return "`days` go with `hours`; `cron` has days of its own";
  if (window.open_for &&
      (*window.open_for <= std::chrono::milliseconds{0} || *window.open_for > kLongestOpening))
    return "expected an `open_for` of more than nothing and at most 744h";
  const bool is_always = window.hours && window.hours->is_whole_day() && !window.days;
  if (!window.zone && !is_always)
    return "expected a `zone`, whose clocks it goes by, such as `Europe/Berlin` or `UTC`";
  return {};
}

}  // namespace

Fields<ConditionOptions> ConditionOptions::fields() {
  return Fields<ConditionOptions>{}
      .optional("on_mains", &ConditionOptions::on_mains, "true: while the machine has power from a line")
      .optional("price", &ConditionOptions::price, "CSV file with the columns `from` and `price`")
      .optional("at_most", &ConditionOptions::at_most, "while the file's price is not higher");
}

Fields<WindowOptions> WindowOptions::fields() {
  return Fields<WindowOptions>{}
      .optional("hours", &WindowOptions::hours, "from when to when it is open, by the clocks of `zone`")
      .optional("days", &WindowOptions::days, "on which `hours` begin; left out, all")
      .optional("cron", &WindowOptions::cron, "times at which it opens")
      .optional("open_for", &WindowOptions::open_for, "for how long from the times of `cron` on")
      .optional("zone", &WindowOptions::zone, "time zone of `hours` or `cron`")
      .optional("while", &WindowOptions::conditions, "what must hold too");
}

std::optional<Opening> next_opening(const WindowOptions& window, sys_seconds now) {
  const auto zone = zone_of(window);
  const auto today = std::chrono::floor<days>(zone.local(now));
  const auto longest = std::chrono::ceil<days>(window.open_for.value_or(std::chrono::hours{24}));
  for (auto day = today - longest - days{1}; day <= today + kFar; day += days{1})
    if (auto opening = opening_on(window, zone, day, now)) return opening;
  return std::nullopt;
}

std::vector<WindowProblem> problems_of(const WindowOptions& window, sys_seconds now) {
  std::vector<WindowProblem> problems;
  if (auto problem = problem_of_time(window); !problem.empty())
    problems.push_back({std::move(problem), {}});
  else if (!next_opening(window, now))
    problems.push_back({"it never opens within five years", {}});
  if (!window.conditions) return problems;
  if (auto problem = problem_of(*window.conditions); !problem.empty()) {
    const auto& price = window.conditions->price;
    problems.push_back({std::move(problem), price ? std::optional{price->place} : std::nullopt});
  }
  return problems;
}

}  // namespace slm::aggregate
