#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "graph/fields.h"

namespace slm {

/// What the work of a model costs, in a currency of the author's own.
struct Price {
  double call = 0;    ///< each answer
  double input = 0;   ///< a million prompt tokens
  double output = 0;  ///< a million generated tokens
  double hour = 0;    ///< of time at the node, also where no answer comes of it

  double of(std::uint32_t calls, std::uint32_t prompt_tokens, std::uint32_t generated_tokens,
            std::chrono::nanoseconds time) const {
    constexpr double kMillion = 1e6;
    return call * calls + (input * prompt_tokens + output * generated_tokens) / kMillion +
           hour * std::chrono::duration<double, std::ratio<3600>>(time).count();
  }

  static Fields<Price> fields();
};

/// What every entry of `models` may say of its cost.
struct ModelRates {
  std::optional<Price> price;
  double watts = 0;  ///< drawn while a message is at the node

  bool empty() const { return !price && watts == 0; }
};

}  // namespace slm
