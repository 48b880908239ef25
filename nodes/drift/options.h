#pragma once

#include <optional>
#include <string_view>

#include "graph/fields.h"

namespace slm {

/// A share as a pipeline file has it: `1%` or `0.01`.
struct Share {
  double value = 0;
  static constexpr std::string_view kExpected = "a share, such as 1% or 0.01";
  static Share parse(std::string_view text);
};

/// What a gate does once it has drifted; it never lets more through than before.
enum class OnDrift {
  warn,     ///< says so
  tighten,  ///< raises its bars
  close,    ///< lets nothing through
};
template <>
struct EnumNames<OnDrift> {
  static constexpr std::pair<std::string_view, OnDrift> names[] = {
      {"warn", OnDrift::warn}, {"tighten", OnDrift::tighten}, {"close", OnDrift::close}};
};

/// How a gate watches itself.
struct DriftOptions {
  MachinePath state;
  std::optional<Share> max_error;
  OnDrift on_error = OnDrift::tighten;
  OnDrift on_shift = OnDrift::warn;
  Share keep{0.5};
  Share false_alarm{0.01};
  static Fields<DriftOptions> fields();
};

}  // namespace slm
