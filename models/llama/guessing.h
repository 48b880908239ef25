#pragma once

#include <chrono>
#include <cstddef>

namespace slm::llama {

/// Whether guessed tokens pay: a right one spares its answer a step, and with it a share of what a step costs
/// whatever is in it; a wrong one is evaluated in vain. Where many answers are written together, or a
/// processor has enough to do with each token, that is the larger part. For one thread.
class Guessing {
 public:
  using Seconds = std::chrono::duration<double>;

  /// A step took so long for so many tokens.
  void stepped(Seconds time, std::size_t tokens);
  /// So many answers are under way.
  void set_answers(std::size_t answers) { answers_ = answers; }

  /// Whether guesses pay of which this share is right. Until enough steps are known, they do.
  bool pay(double right) const;

  /// The same of drafts. Who is told no does without, so that another time they may be tried again.
  bool drafts_pay();
  void saw_draft(std::size_t guessed, std::size_t right);

 private:
  static constexpr double kHoped = 0.8;  ///< of drafts, before any was seen

  // Sums over the steps, the latest counting most: of a line through times over tokens.
  double count_ = 0;
  double tokens_ = 0;
  double seconds_ = 0;
  double tokens_squared_ = 0;
  double tokens_by_seconds_ = 0;
  std::size_t steps_ = 0;
  std::size_t answers_ = 1;
  double drafts_right_ = kHoped;
};

}  // namespace slm::llama
