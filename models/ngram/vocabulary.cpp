#include "models/ngram/vocabulary.h"

#include <algorithm>
#include <cmath>

namespace slm::ngram {
namespace {

constexpr float kGramWeight = 0.5F;

}  // namespace

Vocabulary::Vocabulary(std::span<const std::string_view> texts, const TrainOptions& options)
    : options_(options), documents_(texts.size()) {
  count(texts);
  remember_words(texts);
}

// Calls `use(kind, hash)` for every occurrence, exactly as classification looks them up.
template <class Use>
void Vocabulary::for_each_feature(std::string_view text, Use&& use) const {
  Words words(text);
  Word word;
  std::uint64_t previous = kTextStart;
  while (words.next(word)) {
    use(FeatureKind::word, word.hash);
    if (options_.min_gram_characters > 0)
      for_each_gram(word, options_.min_gram_characters, options_.max_gram_characters,
                    [&](std::uint64_t hash) { use(FeatureKind::gram, hash); });
    if (options_.word_ngrams >= 2) use(FeatureKind::pair, hash_pair(previous, word.hash));
    previous = word.hash;
  }
  if (options_.word_ngrams >= 2 && previous != kTextStart)
    use(FeatureKind::pair, hash_pair(previous, kTextEnd));
}

void Vocabulary::count(std::span<const std::string_view> texts) {
  struct Count {
    std::uint64_t hash;
    FeatureKind kind;
    std::uint32_t documents;
    std::size_t last_text;
  };
  std::vector<Count> counts;
  std::unordered_map<std::uint64_t, std::uint32_t> places;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for_each_feature(texts[text], [&](FeatureKind kind, std::uint64_t hash) {
      const auto [place, is_new] = places.try_emplace(hash, static_cast<std::uint32_t>(counts.size()));
      if (is_new) counts.push_back({hash, kind, 0, texts.size()});
      Count& known = counts[place->second];
      if (known.last_text == text) return;
      known.last_text = text;
      ++known.documents;
    });
  }
  std::erase_if(counts, [&](const Count& known) { return known.documents < options_.min_count; });
  if (counts.size() > options_.max_features) {
    std::stable_sort(counts.begin(), counts.end(),
                     [](const Count& a, const Count& b) { return a.documents > b.documents; });
    counts.resize(options_.max_features);
  }
  for (const Count& known : counts) {
    ids_.emplace(known.hash, static_cast<std::uint32_t>(features_.size()));
    features_.push_back({known.hash, known.kind, weight(known.kind, known.documents)});
  }
}

void Vocabulary::remember_words(std::span<const std::string_view> texts) {
  std::vector<bool> is_remembered(features_.size());
  Word word;
  for (const std::string_view text : texts) {
    for (Words words(text); words.next(word);) {
      const auto known = ids_.find(word.hash);
      if (known == ids_.end() || is_remembered[known->second]) continue;
      is_remembered[known->second] = true;
      KnownWord& remembered = words_.emplace_back(KnownWord{known->second, {}, 0});
      if (options_.min_gram_characters == 0) continue;
      for_each_gram(word, options_.min_gram_characters, options_.max_gram_characters,
                    [&](std::uint64_t hash) {
                      const auto gram = ids_.find(hash);
                      if (gram == ids_.end())
                        ++remembered.unknown_grams;
                      else
                        remembered.grams.push_back(gram->second);
                    });
    }
  }
}

float Vocabulary::weight(FeatureKind kind, std::size_t documents) const {
  const double rarity = static_cast<double>(documents_ + 1) / static_cast<double>(documents + 1);
  const auto weight = static_cast<float>(std::sqrt(std::log(rarity) + 1));
  return kind == FeatureKind::gram ? kGramWeight * weight : weight;
}

float Vocabulary::unknown_weight(FeatureKind kind) const {
  return weight(kind, 1);
}

void Vocabulary::encode(std::string_view text, SparseTexts& into) const {
  std::vector<std::uint32_t> occurrences;
  double mass = 0;
  for_each_feature(text, [&](FeatureKind kind, std::uint64_t hash) {
    const auto known = ids_.find(hash);
    const float weight_of_one = known == ids_.end() ? unknown_weight(kind) : features_[known->second].weight;
    mass += double{weight_of_one} * double{weight_of_one};
    if (known != ids_.end()) occurrences.push_back(known->second);
  });
  std::sort(occurrences.begin(), occurrences.end());
  const double norm = mass > 0 ? 1 / std::sqrt(mass) : 0;
  for (auto begin = occurrences.begin(); begin != occurrences.end();) {
    const auto end = std::find_if(begin, occurrences.end(), [&](std::uint32_t id) { return id != *begin; });
    const auto repeats = static_cast<double>(end - begin);
    into.add(*begin, static_cast<float>(repeats * norm * double{features_[*begin].weight}));
    begin = end;
  }
  into.end_text();
}

}  // namespace slm::ngram
