#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "runtime/evaluate/judged_line.h"

namespace slm::testing {

/// A line that ended `answered` by the tier, right or not.
inline runtime::JudgedLine made_line(std::optional<bool> is_right, std::string tier = "small") {
  runtime::JudgedLine line;
  line.kind = OutcomeKind::answered;
  line.tier = std::move(tier);
  line.is_right = is_right;
  line.measures.fill(0);
  return line;
}

/// So many lines, each right with this probability.
inline runtime::JudgedLines made_lines(std::size_t count, double accuracy, unsigned seed) {
  std::mt19937 random{seed};
  runtime::JudgedLines lines;
  for (std::size_t i = 0; i < count; ++i)
    lines.push_back(made_line(static_cast<double>(random()) < accuracy * 4294967296.0));
  return lines;
}

}  // namespace slm::testing
