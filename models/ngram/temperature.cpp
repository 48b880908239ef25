#include "models/ngram/temperature.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/ngram/kernels.h"

namespace slm::ngram {
namespace {

constexpr float kLargestInverse = 10;
constexpr int kBisections = 14;
constexpr float kSmallestProbability = 1e-30F;

struct Loss {
  double mean = 0;
  double slope = 0;  // by the inverse temperature
};

Loss loss_at(const ScoredExamples& examples, float inverse, std::vector<float>& scratch) {
  Loss loss;
  for (std::size_t example = 0; example < examples.labels.size(); ++example) {
    const auto logits = examples.logits.subspan(example * examples.label_count, examples.label_count);
    std::transform(logits.begin(), logits.end(), scratch.begin(),
                   [&](float logit) { return logit * inverse; });
    softmax(scratch);
    const std::uint32_t right = examples.labels[example];
    loss.mean -= std::log(std::max(scratch[right], kSmallestProbability));
    for (std::size_t label = 0; label < logits.size(); ++label)
      loss.slope += double{scratch[label]} * double{logits[label]};
    loss.slope -= double{logits[right]};
  }
  loss.mean /= static_cast<double>(examples.labels.size());
  return loss;
}

}  // namespace

Temperature fit_temperature(const ScoredExamples& examples) {
  if (examples.labels.empty()) return {};
  std::vector<float> scratch(examples.label_count);
  // The loss is convex in the inverse temperature, so its slope changes sign once at most.
  float low = 1 / kLargestInverse, high = kLargestInverse;
  for (int i = 0; i < kBisections; ++i) {
    const float middle = std::sqrt(low * high);
    (loss_at(examples, middle, scratch).slope > 0 ? high : low) = middle;
  }
  const float inverse = std::sqrt(low * high);
  return {inverse, loss_at(examples, inverse, scratch).mean};
}

}  // namespace slm::ngram
