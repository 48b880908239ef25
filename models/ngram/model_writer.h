#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "models/ngram/regression.h"
#include "models/ngram/trainer.h"
#include "models/ngram/vocabulary.h"

namespace slm::ngram {

struct TrainedModel {
  const Vocabulary& vocabulary;
  const Regression& regression;
  std::span<const std::string> labels;
  float inverse_temperature = 1;
};

/// The bytes of a model file. A word's row holds the sum of the word and of the n-grams within it.
std::vector<std::byte> encode_model(const TrainedModel& model, const TrainOptions& options);

}  // namespace slm::ngram
