#include "models/ngram/regression.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/ngram/format.h"
#include "models/ngram/kernels.h"

namespace slm::ngram {
namespace {

// Biases have no norm to tame them, and every example moves them.
constexpr float kBiasRate = 0.01F;
constexpr std::size_t kStepsBetweenCancelChecks = 256;
constexpr float kSmallestProbability = 1e-10F;

}  // namespace

Regression::Regression(std::size_t feature_count, std::size_t labels)
    : label_count(labels),
      row_labels((labels + kRowLabels - 1) / kRowLabels * kRowLabels),
      weights(feature_count * row_labels),
      bias(row_labels) {}

void Regression::logits(SparseText text, std::span<float> into) const {
  std::copy(bias.begin(), bias.end(), into.begin());
  for (std::size_t i = 0; i < text.features.size(); ++i)
    add_scaled(into.data(), row(text.features[i]).data(), text.values[i], row_labels);
}

GradientDescent::GradientDescent(Lessons lessons, const Options& options)
    : lessons_(lessons), options_(options), random_(options.seed), order_(lessons.labels.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
}

double GradientDescent::run_epoch(Regression& regression) {
  random_.shuffle(std::span(order_));
  gradient_.assign(regression.row_labels, 0.0F);
  const double all_steps = static_cast<double>(order_.size()) * options_.epochs;
  double loss = 0;
  for (std::size_t i = 0; i < order_.size(); ++i, ++steps_done_) {
    if (i % kStepsBetweenCancelChecks == 0 && options_.is_cancelled && options_.is_cancelled()) break;
    const double remaining = 1 - static_cast<double>(steps_done_) / all_steps;
    loss += step(regression, order_[i], options_.learning_rate * static_cast<float>(remaining));
  }
  return loss / static_cast<double>(order_.size());
}

double GradientDescent::step(Regression& regression, std::size_t example, float rate) {
  drop_features(lessons_.texts[example]);
  const SparseText text{kept_features_, kept_values_};
  regression.logits(text, gradient_);
  softmax(std::span(gradient_).first(regression.label_count));
  const std::uint32_t right = lessons_.labels[example];
  const double loss = -std::log(std::max(gradient_[right], kSmallestProbability));
  gradient_[right] -= 1;
  std::fill(gradient_.begin() + static_cast<std::ptrdiff_t>(regression.label_count), gradient_.end(), 0.0F);
  add_scaled(regression.bias.data(), gradient_.data(), -rate * kBiasRate, regression.row_labels);
  for (std::size_t i = 0; i < text.features.size(); ++i)
    add_scaled(regression.row(text.features[i]).data(), gradient_.data(), -rate * text.values[i],
               regression.row_labels);
  return loss;
}

void GradientDescent::drop_features(SparseText text) {
  kept_features_.clear();
  kept_values_.clear();
  const float keep_share = 1 - options_.dropout;
  const auto keep_below = static_cast<std::uint64_t>(double{keep_share} * 0x1p32);
  for (std::size_t i = 0; i < text.features.size(); ++i) {
    if (random_.next() >> 32 >= keep_below) continue;
    kept_features_.push_back(text.features[i]);
    kept_values_.push_back(text.values[i] / keep_share);
  }
}

}  // namespace slm::ngram
