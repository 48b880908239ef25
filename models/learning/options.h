#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace slm::learning {

struct LearnOptions {
  // Behaviour: what is learnt.

  std::string name;                 ///< of the model; snapshots are called so
  std::vector<std::string> labels;  ///< empty: those of `file`
  std::filesystem::path file;       ///< the model to begin with; empty: none
  std::filesystem::path folder;  ///< of lessons and snapshots, made where it is missing; of one learner only
  /// Share of the lessons that are never trained on, by which a new model is compared with the one in use and
  /// gates set their bars.
  double hold_out = 0.05;
  /// Snapshots that are kept, at least 2: the newest, and those before it.
  std::size_t keep = 5;
  /// Whoever brings the lesson that a training is due with waits until it is over, and then the same lessons
  /// in the same order make the same models. Else it goes on in the background.
  bool wait = false;
  std::uint64_t seed = 1;

  // Performance: what it costs.

  std::size_t least_lessons = 100;  ///< before the first training, and between two
  double growth = 0.15;             ///< so many more lessons than at the last one are a reason to train anew
  std::size_t most_lessons = 20'000;  ///< the newest are kept; a training takes about a second for 5,000
  /// What suits few examples best.
  ngram::TrainOptions training = {.folds = 4, .dropout = 0.4F, .min_count = 1};
};

}  // namespace slm::learning
