#include "models/learning/contest.h"

#include <algorithm>

#include "statistics/paired.h"

namespace slm::learning {

std::size_t label_of(const Classifier& model, std::string_view text) {
  std::vector<float> probabilities(model.labels()->size());
  model.classify(text, probabilities);
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                                  probabilities.begin());
}

bool is_worse(const Classifier& challenger, const Classifier& served,
              std::span<const Lesson* const> lessons) {
  std::vector<bool> is_challenger_right, is_served_right;
  for (const Lesson* lesson : lessons) {
    is_challenger_right.push_back((*challenger.labels())[label_of(challenger, lesson->text)] ==
                                  lesson->label);
    is_served_right.push_back((*served.labels())[label_of(served, lesson->text)] == lesson->label);
  }
  const statistics::McNemar test = statistics::mcnemar(is_challenger_right, is_served_right);
  return test.only_first < test.only_second && test.p_value <= 0.1;
}

Contest::Contest() : test_{{.mean = 0.5, .range = {0, 1}, .population = {}}} {}

void Contest::add(bool now_agrees, bool before_agrees, const Lesson& lesson) {
  if (now_agrees == before_agrees) return;
  const double stake = 0.5 * lesson.weight / lesson.greatest_weight;
  test_.add(now_agrees ? 0.5 - stake : 0.5 + stake);
}

}  // namespace slm::learning
