#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slm::ngram {

/// Logits of many examples, `label_count` each, and their right labels.
struct ScoredExamples {
  std::span<const float> logits;
  std::span<const std::uint32_t> labels;
  std::size_t label_count = 0;
};

struct Temperature {
  float inverse = 1;
  double loss = 0;  ///< mean natural log loss at this temperature
};

/// The temperature between 1/10 and 10 with the smallest log loss (Guo et al. 2017, arXiv 1706.04599).
Temperature fit_temperature(const ScoredExamples& examples);

}  // namespace slm::ngram
