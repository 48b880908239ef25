#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "models/classifier.h"
#include "models/learning/lesson.h"
#include "statistics/betting.h"

namespace slm::learning {

/// The likeliest label of the text, by its number.
std::size_t label_of(const Classifier& model, std::string_view text);

/// Whether `challenger` agrees with fewer of these lessons than `served`, and so clearly that chance would do
/// so in one of twenty cases: one-sided by McNemar's exact test. Lessons count alike, whatever their weight.
bool is_worse(const Classifier& challenger, const Classifier& served, std::span<const Lesson* const> lessons);

/// A model against the one that it took the place of, by the lessons that came since.
///
/// The hypothesis is that the new one agrees at least as often, by weight; it is bet against, so that one may
/// look after every lesson: a model that is no worse is taken for worse with a chance of 1 % at most, however
/// long it serves (Waudby-Smith and Ramdas 2024). One thread at a time.
class Contest {
 public:
  Contest();
  void add(bool now_agrees, bool before_agrees, const Lesson& lesson);
  bool is_lost() const { return test_.rejects(0.01); }

 private:
  statistics::BettingTest test_;
};

}  // namespace slm::learning
