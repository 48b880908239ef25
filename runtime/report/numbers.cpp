#include "runtime/report/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace slm::runtime {

std::string brief(double number) {
  const double size = std::abs(number);
  if (number >= 1000 && number < 1e18) return grouped(static_cast<std::uint64_t>(std::llround(number)));
  const int decimals = size == 0 ? 0 : std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 8);
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  std::string brief_text = text.data();
  if (decimals > 0) brief_text.erase(brief_text.find_last_not_of('0') + 1);
  if (brief_text.ends_with('.')) brief_text.pop_back();
  return brief_text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return text.data();
}

std::string duration(std::chrono::nanoseconds time) {
  const auto ns = static_cast<double>(time.count());
  if (ns < 1e3) return brief(ns) + " ns";
  if (ns < 1e6) return brief(ns / 1e3) + " µs";
  if (ns < 1e9) return brief(ns / 1e6) + " ms";
  if (ns < 120e9) return brief(ns / 1e9) + " s";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 7200) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string grouped(std::uint64_t number) {
  const auto digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string bytes(std::uint64_t count) {
  if (count < 1024) return std::to_string(count) + " B";
  double size = static_cast<double>(count) / 1024;
  const char* unit = "KiB";
  for (const char* larger : {"MiB", "GiB", "TiB"}) {
    if (size < 1000) break;
    size /= 1024;
    unit = larger;
  }
  return brief(size) + " " + unit;
}

std::string counted(std::uint64_t count, const std::string& thing) {
  std::string text = count == 0 ? "no" : grouped(count);
  text += ' ';
  text += thing;
  if (count != 1) text += 's';
  return text;
}

}  // namespace slm::runtime
