#pragma once

#include <string>

namespace slm::learning {

/// A text and how the top tier labelled it.
struct Lesson {
  std::string text;
  std::string label;
  /// How many messages it stands for: one over the chance with which a message like it becomes a lesson.
  double weight = 1;
  /// The greatest weight that any message could have had when this one came.
  double greatest_weight = 1;
  /// Never trained on: it is there to tell how good a model is.
  bool is_held_out = false;

  bool operator==(const Lesson&) const = default;
};

}  // namespace slm::learning
