#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/ngram/feature_hash.h"
#include "models/ngram/sparse_texts.h"
#include "models/ngram/trainer.h"
#include "models/ngram/words.h"

namespace slm::ngram {

struct Feature {
  std::uint64_t hash = 0;
  FeatureKind kind = FeatureKind::word;
  float weight = 0;  ///< what one occurrence counts, before the text's norm
};

/// A known word and the n-grams within it.
struct KnownWord {
  std::uint32_t feature = 0;
  std::vector<std::uint32_t> grams;  ///< features, with repeats
  std::uint32_t unknown_grams = 0;
};

/// The features that training knows, and how texts become vectors of them.
///
/// A feature weighs the square root of its inverse document frequency, an n-gram of characters half of that.
/// Immutable once made.
class Vocabulary {
 public:
  Vocabulary(std::span<const std::string_view> texts, const TrainOptions& options);

  std::span<const Feature> features() const { return features_; }
  std::span<const KnownWord> words() const { return words_; }
  /// What an occurrence of a feature that is not known counts in a text's norm.
  float unknown_weight(FeatureKind kind) const;

  void encode(std::string_view text, SparseTexts& into) const;

 private:
  template <class Use>
  void for_each_feature(std::string_view text, Use&& use) const;
  void count(std::span<const std::string_view> texts);
  void remember_words(std::span<const std::string_view> texts);
  float weight(FeatureKind kind, std::size_t documents) const;

  TrainOptions options_;
  std::size_t documents_;
  std::vector<Feature> features_;
  std::vector<KnownWord> words_;
  std::unordered_map<std::uint64_t, std::uint32_t> ids_;
};

}  // namespace slm::ngram
