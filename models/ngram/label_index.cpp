#include "models/ngram/label_index.h"

#include <algorithm>

namespace slm::ngram {

LabelIndex::LabelIndex(std::span<const Example> examples) {
  for (const Example& example : examples) names_.push_back(example.label);
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

std::vector<std::uint32_t> LabelIndex::numbers(std::span<const Example> examples) const {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(examples.size());
  for (const Example& example : examples) {
    const auto found = std::lower_bound(names_.begin(), names_.end(), example.label);
    if (found == names_.end() || *found != example.label)
      throw TrainError("validation example " + std::to_string(numbers.size() + 1) + " has the label '" +
                       example.label + "', which no training example has");
    numbers.push_back(static_cast<std::uint32_t>(found - names_.begin()));
  }
  return numbers;
}

}  // namespace slm::ngram
