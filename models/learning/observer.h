#pragma once

#include <vector>

#include "evidence/evidence.h"

namespace slm::learning {

/// What the model that is served says of a lesson that it was never trained on.
struct HeldOutAnswer {
  LabelEvidence evidence;
  bool agrees = false;  ///< its likeliest label is the lesson's
  double weight = 1;    ///< as in `Lesson`
  double greatest_weight = 1;
};

/// Whoever sets something by a model that learns, such as the bar of a gate.
///
/// Both functions are called on one thread at a time, in turns, and must not call the learner.
class Observer {
 public:
  virtual ~Observer() = default;

  /// Another model is about to be served: nothing is known of it yet.
  virtual void changing() noexcept = 0;
  /// It is served. Every model that the learner has made was looked at on these lessons, in the order in
  /// which they came: this is the `look`-th time, from 1.
  virtual void changed(const std::vector<HeldOutAnswer>& held_out, std::size_t look) noexcept = 0;
};

}  // namespace slm::learning
