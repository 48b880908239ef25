#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/ngram/random.h"
#include "models/ngram/sparse_texts.h"

namespace slm::ngram {

/// Weights of softmax regression, a row a feature, padded with zeros as in the file.
struct Regression {
  Regression(std::size_t feature_count, std::size_t label_count);

  std::size_t label_count;
  std::size_t row_labels;
  std::vector<float> weights;
  std::vector<float> bias;

  std::span<float> row(std::size_t feature) {
    return std::span(weights).subspan(feature * row_labels, row_labels);
  }
  std::span<const float> row(std::size_t feature) const {
    return std::span(weights).subspan(feature * row_labels, row_labels);
  }
  /// Writes `row_labels` logits.
  void logits(SparseText text, std::span<float> into) const;
};

/// Examples to learn from: a text vector and its label at each index.
struct Lessons {
  const SparseTexts& texts;
  std::span<const std::uint32_t> labels;
};

/// Stochastic gradient descent with a learning rate that falls in a straight line to zero over all epochs,
/// and with dropout of features (Wager et al. 2013, arXiv 1307.1493).
class GradientDescent {
 public:
  struct Options {
    std::uint32_t epochs;
    float learning_rate;
    float dropout;
    std::uint64_t seed;
    const std::function<bool()>& is_cancelled;
  };

  GradientDescent(Lessons lessons, const Options& options);

  /// Goes through all examples once, in a new order. The mean loss; no more than partly done where cancelled.
  double run_epoch(Regression& regression);

 private:
  double step(Regression& regression, std::size_t example, float rate);
  void drop_features(SparseText text);

  Lessons lessons_;
  Options options_;
  Random random_;
  std::vector<std::size_t> order_;
  std::size_t steps_done_ = 0;
  std::vector<float> gradient_;
  std::vector<std::uint32_t> kept_features_;
  std::vector<float> kept_values_;
};

}  // namespace slm::ngram
