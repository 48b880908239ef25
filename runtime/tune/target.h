#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/report/budget.h"
#include "runtime/trials/trial.h"

namespace slm::runtime {

/// What a tuned pipeline is to reach: the mean of a number that each line has, above a bound.
///
/// | written | a line's number | over |
/// |---|---|---|
/// | `accuracy=0.95` | 1 where it ends right | lines with an expectation |
/// | `relative=0.95` | as above, less 0.95 where the top tier is right; above 0 | the same |
/// | `agreement=0.95` | 1 where it ends as the top tier would have it | all lines |
/// | `precision:LABEL=0.9` | 1 where it ends right | lines that end with the label |
/// | `recall:LABEL=0.9` | 1 where it ends with the label | lines whose label it is |
struct Target {
  enum class Kind { accuracy, relative, agreement, precision, recall };
  Kind kind = Kind::accuracy;
  double value = 0;   ///< above 0, below 1
  std::string label;  ///< of precision and recall

  /// Throws std::invalid_argument saying what was expected.
  static Target parse(std::string_view text);
  std::string text() const;
  /// As above, without the value: `accuracy`, `recall:LABEL`.
  std::string name() const;

  /// Whether a line's number is 0 or 1, so that its mean is a rate.
  bool is_rate() const { return kind != Kind::relative; }
  /// What the mean has to be above, and the least and the most that a number can be.
  double bound() const { return is_rate() ? value : 0; }
  double least() const { return is_rate() ? 0 : -value; }
};

/// A line's number where it ends so, and the top tier would have it end as `top`; empty where it does not
/// count.
std::optional<double> number_of(const Target& target, const Trial& trial, const Ending& ending,
                                const Ending& top);

/// Whether two endings come to the same: ended the same way, with the same answer, as text or as JSON.
bool agrees(const Ending& left, const Ending& right);

/// Of a line, or the lines' mean.
double spend_of(Spend spend, const Usage& usage);

}  // namespace slm::runtime
