#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "nodes/redaction/kinds.h"

namespace slm::redaction {

/// A regular expression of RE2, which takes time linear in the text for each match. Text is read as UTF-8,
/// and bytes that are not UTF-8 are no part of a match. As an option it is compiled once, when it is read.
/// Any thread.
class Pattern {
 public:
  static constexpr std::string_view kExpected = "a regular expression in the syntax of RE2";

  /// Throws std::invalid_argument with RE2's message, and where the expression can match nothing at all.
  static Pattern parse(std::string_view expression);

  /// The matches in their order; they do not overlap.
  std::vector<Span> find(std::string_view text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;  ///< null only in an option before it is read
};

}  // namespace slm::redaction
