#include "models/ngram/held_out.h"

#include <algorithm>
#include <cmath>

#include "models/ngram/random.h"

namespace slm::ngram {

HeldOut hold_out(std::span<const std::uint32_t> labels, std::size_t label_count, double share,
                 std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> by_label(label_count);
  for (std::size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(i);
  HeldOut split;
  Random random(seed);
  for (std::vector<std::size_t>& examples : by_label) {
    if (examples.empty()) continue;
    random.shuffle(std::span(examples));
    const auto wanted = static_cast<std::size_t>(std::lround(static_cast<double>(examples.size()) * share));
    const auto border = examples.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, examples.size() - 1));
    split.held_out.insert(split.held_out.end(), examples.begin(), border);
    split.training.insert(split.training.end(), border, examples.end());
  }
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

}  // namespace slm::ngram
