#pragma once

#include <cstdint>
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

/// In what respect an answer is judged.
struct Judging {
  enum class Match : std::uint8_t {
    automatic,  ///< a text as text, blanks around it aside, or as JSON; other JSON as JSON; else the label
    exact,      ///< a text to the last byte, other JSON as JSON; no label
    json,       ///< both as JSON, also where `expected` is a text that holds some; no label
    label,      ///< the label, also where an answer is expected
  };
  Match match = Match::automatic;
  /// The one member of both that counts, JSON as JSON; dots lead into objects, as in `slots.city`. Empty:
  /// all.
  std::string member;
};

/// What an expectation says in this respect. Where that is nothing but how the message ends, it counts only
/// if it is not to end `answered`: its answer would be judged by nothing.
Expectation judged_part(const Expectation& expectation, const Judging& judging);

/// Whether the outcome is as expected; empty where nothing is expected in this respect.
///
/// Without an expected outcome it must be answered or rejected: to abstain, to be late or to fail is never
/// right. An expected text is compared with the answer as text, blanks around both aside; other JSON with the
/// answer parsed. Where an outcome other than `answered` is expected, how it ended is all that is judged.
std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome);
std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome, const Judging& judging);

/// What a line should have been told to be, and what it was.
struct Classes {
  std::string expected;
  std::string
      said;  ///< empty: nothing, since the message was neither answered nor rejected, or no such thing
};

/// By label, or by the values of the member that is judged; empty where the line has none.
std::optional<Classes> classes(const Expectation& expectation, const Outcome& outcome,
                               const Judging& judging);

/// Reads `answered`, `rejected`, …
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

}  // namespace slm::runtime
