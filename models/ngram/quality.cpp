#include "models/ngram/quality.h"

#include <algorithm>
#include <map>
#include <utility>

namespace slm::ngram {
namespace {

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Quality measure_quality(std::span<const std::uint32_t> expected, std::span<const std::uint32_t> predicted,
                        std::size_t label_count) {
  Quality quality;
  quality.labels.resize(label_count);
  std::vector<std::size_t> right(label_count), predictions(label_count);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> confusions;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ++quality.labels[expected[i]].support;
    ++predictions[predicted[i]];
    if (expected[i] == predicted[i])
      ++right[expected[i]];
    else
      ++confusions[{expected[i], predicted[i]}];
  }
  std::size_t all_right = 0, counted = 0;
  for (std::size_t label = 0; label < label_count; ++label) {
    LabelQuality& of = quality.labels[label];
    of.precision = ratio(right[label], predictions[label]);
    of.recall = ratio(right[label], of.support);
    of.f1 = ratio(2 * right[label], predictions[label] + of.support);
    all_right += right[label];
    if (predictions[label] + of.support > 0) ++counted;
    quality.macro_f1 += of.f1;
  }
  quality.accuracy = ratio(all_right, expected.size());
  if (counted > 0) quality.macro_f1 /= static_cast<double>(counted);
  for (const auto& [pair, count] : confusions) quality.confusions.push_back({pair.first, pair.second, count});
  std::stable_sort(quality.confusions.begin(), quality.confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return quality;
}

}  // namespace slm::ngram
