#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace slm::openai {

/// How long a `Retry-After` asks to wait: seconds, or a date in one of HTTP's three forms (RFC 9110, 10.2.3
/// and 5.6.7), which is compared with the server's own `Date` if that is one, and else with `now`. Empty
/// where it is neither; never negative.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view retry_after, std::string_view date,
                                                      std::chrono::system_clock::time_point now);

}  // namespace slm::openai
