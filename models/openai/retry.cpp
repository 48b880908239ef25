#include "models/openai/retry.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

namespace slm::openai {
namespace {

std::optional<std::chrono::system_clock::time_point> parse_date(std::string_view text) {
  for (const char* form : {"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S", "%a %b %d %H:%M:%S %Y"}) {
    std::istringstream stream{std::string(text)};
    stream.imbue(std::locale::classic());
    std::tm time{};
    if (stream >> std::get_time(&time, form)) return std::chrono::system_clock::from_time_t(timegm(&time));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view retry_after, std::string_view date,
                                                      std::chrono::system_clock::time_point now) {
  // More than that is no pause but an end, and would overflow what it is added to.
  constexpr std::chrono::seconds kLongest = std::chrono::hours{24 * 365};
  std::uint64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (!retry_after.empty() && end == retry_after.data() + retry_after.size())
    return error == std::errc{} && seconds < static_cast<std::uint64_t>(kLongest.count())
               ? std::chrono::seconds(seconds)
               : kLongest;
  const auto until = parse_date(retry_after);
  if (!until) return std::nullopt;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(*until - parse_date(date).value_or(now));
  return std::clamp(wait, std::chrono::seconds{0}, kLongest);
}

}  // namespace slm::openai
