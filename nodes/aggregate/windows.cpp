#include "nodes/aggregate/windows.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "nodes/aggregate/price_file.h"

namespace slm::aggregate {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_seconds;

/// `22:00 Europe/Berlin`, with its date where that is not today's.
std::string clock_text(const WindowOptions& window, sys_seconds moment, sys_seconds now) {
  const auto zone = window.zone.value_or(TimeZone{});
  const auto local = zone.local(moment);
  const auto day = floor<days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{local - day};
  std::array<char, 32> text{};
  std::string result;
  if (moment - now >= days{1}) {
    std::snprintf(text.data(), text.size(), "%d-%02u-%02u ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    result = text.data();
  }
  std::snprintf(text.data(), text.size(), "%02d:%02d ", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()));
  return result.append(text.data()).append(zone.name());
}

}  // namespace

struct Windows::Watched {
  WindowOptions window;
  std::optional<PriceFile> prices;

  bool has_conditions() const { return window.conditions.has_value(); }

  bool is_open(sys_seconds now, const std::filesystem::path& power_supplies) {
    const auto opening = next_opening(window, now);
    if (!opening || opening->begin > now) return false;
    if (!has_conditions()) return true;
    const auto& on_mains = window.conditions->on_mains;
    if (on_mains && *on_mains != is_on_mains(power_supplies)) return false;
    if (!prices) return true;
    const auto price = prices->at(now);
    return price && *price <= *window.conditions->at_most;
  }

  /// What it waits for beside the time.
  std::string conditions_text() const {
    std::string text;
    if (const auto& on_mains = window.conditions->on_mains)
      text = *on_mains ? "the machine is on mains" : "the machine is on battery";
    if (!prices) return text;
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%g", *window.conditions->at_most);
    if (!text.empty()) text += " and ";
    return text.append("the price in ").append(prices->name()).append(" is at most ").append(number.data());
  }
};

Windows::Windows(const std::vector<WindowOptions>& windows, const Surroundings& surroundings)
    : power_supplies_{surroundings.power_supplies} {
  for (const auto& window : windows) {
    auto& watched = windows_.emplace_back(Watched{window, {}});
    if (watched.has_conditions() && window.conditions->price)
      watched.prices.emplace(window.conditions->price->path, surroundings.log);
  }
}

Windows::~Windows() = default;

bool Windows::are_open(std::chrono::system_clock::time_point now) {
  if (windows_.empty()) return true;
  const auto second = floor<seconds>(now);
  if (looked_ == second) return was_open_;
  looked_ = second;
  was_open_ =
      std::ranges::any_of(windows_, [&](Watched& window) { return window.is_open(second, power_supplies_); });
  return was_open_;
}

std::string Windows::opening(std::chrono::system_clock::time_point now) const {
  const auto second = floor<seconds>(now);
  std::string conditions;
  std::string time;
  auto first = sys_seconds::max();
  for (const auto& watched : windows_) {
    const auto opening = next_opening(watched.window, second);
    if (!opening) continue;
    if (opening->begin <= second && watched.has_conditions()) {
      conditions.append(conditions.empty() ? "" : " or ").append(watched.conditions_text());
    } else if (opening->begin < first) {
      first = opening->begin;
      time = clock_text(watched.window, first, second);
      if (watched.has_conditions()) time += ", if then " + watched.conditions_text();
    }
  }
  if (conditions.empty() || time.empty()) return conditions + time;
  return conditions + ", or " + time;
}

}  // namespace slm::aggregate
