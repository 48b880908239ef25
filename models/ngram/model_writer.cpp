#include "models/ngram/model_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "models/ngram/xxhash64.h"

namespace slm::ngram {
namespace {

// Half of the slots or more stay empty, so that a search seldom looks at a second one.
std::uint32_t slots_for(std::size_t features) {
  return static_cast<std::uint32_t>(std::bit_ceil(std::max<std::size_t>(features + features / 2, 2)));
}

class Encoder {
 public:
  Encoder(const TrainedModel& model, const TrainOptions& options) : model_(model) {
    header_.weights = options.weights;
    header_.word_ngrams = options.word_ngrams;
    header_.min_gram_characters = options.min_gram_characters;
    header_.max_gram_characters = options.max_gram_characters;
  }

  std::vector<std::byte> encode() {
    complete_header();
    bytes_.resize(layout_.file_bytes);
    write_labels();
    write(layout_.bias_begin, std::span(model_.regression.bias));
    write_slots();
    write_rows();
    write(0, std::span(&header_, 1));
    header_.checksum = xxhash64(std::span(bytes_).subspan(kChecksumBegin));
    write(0, std::span(&header_, 1));
    return std::move(bytes_);
  }

 private:
  template <class Values>
  void write(std::size_t at, const Values& values) {
    const auto source = std::as_bytes(std::span(values));
    if (!source.empty()) std::memcpy(bytes_.data() + at, source.data(), source.size());
  }

  float mass(FeatureKind kind) const {
    const float weight = model_.vocabulary.unknown_weight(kind);
    return weight * weight;
  }

  void complete_header() {
    header_.header_bytes = sizeof header_;
    header_.labels = static_cast<std::uint32_t>(model_.labels.size());
    header_.rows = static_cast<std::uint32_t>(model_.vocabulary.features().size());
    header_.slots = slots_for(header_.rows);
    for (const std::string& label : model_.labels)
      header_.label_bytes += static_cast<std::uint32_t>(sizeof(std::uint32_t) + label.size());
    header_.inverse_temperature = model_.inverse_temperature;
    for (const FeatureKind kind : {FeatureKind::word, FeatureKind::pair, FeatureKind::gram})
      header_.unknown_mass[static_cast<std::size_t>(kind)] = mass(kind);
    layout_ = layout_of(header_);
    header_.file_bytes = layout_.file_bytes;
  }

  void write_labels() {
    std::size_t at = layout_.labels_begin;
    for (const std::string& label : model_.labels) {
      const std::uint32_t size = static_cast<std::uint32_t>(label.size());
      write(at, std::span(&size, 1));
      write(at + sizeof size, label);
      at += sizeof size + label.size();
    }
  }

  void write_slots() {
    std::vector<Slot> slots(header_.slots);
    const int shift = 64 - std::countr_zero(header_.slots);
    const std::span<const Feature> features = model_.vocabulary.features();
    for (std::uint32_t row = 0; row < features.size(); ++row) {
      const auto fingerprint = static_cast<std::uint32_t>(features[row].hash);
      std::size_t at = features[row].hash >> shift;
      // Two features alike in place and fingerprint (one pair in billions): the first keeps the slot.
      while (slots[at].row != kEmptySlot && slots[at].fingerprint != fingerprint)
        at = (at + 1) & (slots.size() - 1);
      if (slots[at].row == kEmptySlot) slots[at] = {fingerprint, row};
    }
    write(layout_.slots_begin, slots);
  }

  void write_rows() {
    std::vector<float> weights(layout_.row_labels);
    const std::span<const Feature> features = model_.vocabulary.features();
    const auto add = [&](std::uint32_t feature, float& row_mass) {
      const float weight = features[feature].weight;
      const std::span<const float> row = model_.regression.row(feature);
      for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += weight * row[i];
      row_mass += weight * weight;
    };
    const auto write_one = [&](std::uint32_t feature, std::span<const std::uint32_t> grams, float row_mass) {
      std::fill(weights.begin(), weights.end(), 0.0F);
      add(feature, row_mass);
      for (const std::uint32_t gram : grams) add(gram, row_mass);
      write_row(layout_.rows_begin + feature * layout_.row_bytes, row_mass, weights);
    };
    for (std::uint32_t feature = 0; feature < features.size(); ++feature)
      if (features[feature].kind != FeatureKind::word) write_one(feature, {}, 0);
    for (const KnownWord& word : model_.vocabulary.words())
      write_one(word.feature, word.grams, static_cast<float>(word.unknown_grams) * mass(FeatureKind::gram));
  }

  void write_row(std::size_t at, float row_mass, std::span<const float> weights) {
    RowHead head{row_mass, 1};
    if (header_.weights == WeightType::float32) {
      write(at, std::span(&head, 1));
      write(at + sizeof head, weights);
      return;
    }
    float largest = 0;
    for (const float weight : weights) largest = std::max(largest, std::abs(weight));
    head.scale = largest / 127;
    write(at, std::span(&head, 1));
    if (largest == 0) return;
    std::vector<std::int8_t> quantised(weights.size());
    std::transform(weights.begin(), weights.end(), quantised.begin(),
                   [&](float weight) { return static_cast<std::int8_t>(std::lround(weight / head.scale)); });
    write(at + sizeof head, quantised);
  }

  const TrainedModel& model_;
  Header header_;
  Layout layout_;
  std::vector<std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> encode_model(const TrainedModel& model, const TrainOptions& options) {
  return Encoder(model, options).encode();
}

}  // namespace slm::ngram
