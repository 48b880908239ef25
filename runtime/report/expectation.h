#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/message.h"

namespace slm::runtime {

/// What a labelled line says the right outcome is. Whatever it does not say is not judged.
struct Expectation {
  std::optional<std::string> answer_json;  ///< `expected`, as JSON text
  std::optional<OutcomeKind> outcome;      ///< `expected_outcome`
  std::optional<std::string> label;        ///< `label`; judged only where no answer is expected

  bool empty() const { return !answer_json && !outcome && !label; }
};

/// Whether the outcome is as expected; empty where nothing is expected.
///
/// Without an expected outcome it must be answered or rejected: to abstain, to be late or to fail is never
/// right. An expected text is compared with the answer as text, blanks around both aside; other JSON with the
/// answer parsed. Where an outcome other than `answered` is expected, how it ended is all that is judged.
std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome);

/// Reads `answered`, `rejected`, …
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

}  // namespace slm::runtime
