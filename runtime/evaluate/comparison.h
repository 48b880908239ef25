#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "runtime/evaluate/evaluation.h"
#include "statistics/paired.h"

namespace slm::runtime {

/// A mean of two pipelines on the same lines.
struct Difference {
  double first = 0;
  double second = 0;
  statistics::PairedDifference paired;  ///< of first less second
  bool is_shown = false;                ///< whether the test tells them apart at the level asked for
  /// About how many lines would tell them apart four times in five, if they differ as here; empty where it is
  /// shown, or where they do not differ.
  std::optional<std::size_t> lines_to_show;
};

/// Two pipelines, or runs, on the same lines.
struct Comparison {
  std::size_t both = 0;  ///< lines of which both outcomes are known; only these are compared
  std::size_t only_first = 0;
  std::size_t only_second = 0;
  std::size_t judged = 0;              ///< of both, with something that is right
  statistics::McNemar right;           ///< of those judged
  std::optional<Difference> accuracy;  ///< tested by `right`; empty where nothing is judged
  std::array<std::optional<Difference>, kMeasures.size()> means;  ///< tested by flipping signs
};

/// The two are parallel.
Comparison compare(const JudgedLines& first, const JudgedLines& second, const EvaluateOptions& options);

}  // namespace slm::runtime
