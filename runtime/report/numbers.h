#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace slm::runtime {

/// `93.4 %`; `–` where there is nothing to take a share of.
std::string percent(std::uint64_t part, std::uint64_t whole);
/// Of a share that may be below 0.
std::string percent(double share);

/// Three significant digits and the unit that suits: `12.3 µs`, `1.02 ms`, `2.5 s`, `3 min 12 s`.
std::string duration(std::chrono::nanoseconds time);

/// `1,234,567`
std::string grouped(std::uint64_t number);

/// Three significant digits and a unit of 1024: `812 KiB`, `1.5 GiB`.
std::string bytes(std::uint64_t count);

/// Three significant digits, or all before the point, and no trailing zeros: `0.12`, `12.3`, `1,234`.
std::string brief(double number);

/// `no requests`, `1 request`, `1,234 requests`
std::string counted(std::uint64_t count, const std::string& thing);

}  // namespace slm::runtime
