#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slm {

/// `` `a`, `b` or `c` `` — for "expected one of …".
std::string listed(std::span<const std::string> names);

/// `` a node: `a` or `b` ``, or `a node, of which there is none`.
std::string one_of(const std::string& what, std::span<const std::string> names);

/// The name nearest to `found` by edit distance; empty where none is near.
std::optional<std::string> nearest(std::string_view found, std::span<const std::string> names);

/// `` ; did you mean `margin`? `` for the name nearest to `found`, or nothing where none is near.
std::string did_you_mean(std::string_view found, std::span<const std::string> names);

}  // namespace slm
