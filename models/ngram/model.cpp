#include "models/ngram/model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "models/checksum.h"
#include "models/ngram/kernels.h"
#include "models/ngram/words.h"

namespace slm::ngram {
namespace {

// Words are looked up a batch at a time, so that the memory of many answers at once.
constexpr std::size_t kBatch = 16;

// Adds up the rows of a text's features.
class Sum {
 public:
  explicit Sum(const ModelFile& file) : file_(file) { std::fill_n(logits_.begin(), row_labels(), 0.0F); }

  // Queues the feature's row; false where it has none.
  bool add(std::uint64_t hash) {
    const std::byte* const row = file_.find(hash);
    if (row == nullptr) return false;
    for (std::size_t offset = 0; offset < file_.layout().row_bytes; offset += 64)
      __builtin_prefetch(row + offset);
    if (queued_ == rows_.size()) add_queued();
    rows_[queued_++] = row;
    return true;
  }

  void add(FeatureKind kind, std::uint64_t hash) {
    if (!add(hash)) add_unknown(kind);
  }

  void add_unknown(FeatureKind kind) { mass_ += file_.header().unknown_mass[static_cast<std::size_t>(kind)]; }

  std::span<const float> logits() {
    add_queued();
    const float norm = mass_ > 0 ? static_cast<float>(1 / std::sqrt(mass_)) : 0.0F;
    finish_logits(logits_.data(), norm, file_.bias().data(), file_.header().inverse_temperature,
                  row_labels());
    return {logits_.data(), file_.header().labels};
  }

 private:
  std::size_t row_labels() const { return file_.layout().row_labels; }

  void add_queued() {
    for (std::size_t i = 0; i < queued_; ++i) {
      RowHead head;
      std::memcpy(&head, rows_[i], sizeof head);
      mass_ += head.mass;
      const void* const weights = rows_[i] + sizeof head;
      if (file_.header().weights == WeightType::int8)
        add_scaled(logits_.data(), static_cast<const std::int8_t*>(weights), head.scale, row_labels());
      else
        add_scaled(logits_.data(), static_cast<const float*>(weights), head.scale, row_labels());
    }
    queued_ = 0;
  }

  const ModelFile& file_;
  double mass_ = 0;
  std::size_t queued_ = 0;
  std::array<const std::byte*, 4 * kBatch> rows_;
  alignas(64) std::array<float, kMaxLabels> logits_;
};

void add_word(const Word& word, const Header& header, Sum& sum) {
  if (sum.add(word.hash)) return;
  sum.add_unknown(FeatureKind::word);
  if (header.min_gram_characters == 0) return;
  for_each_gram(word, header.min_gram_characters, header.max_gram_characters,
                [&](std::uint64_t hash) { sum.add(FeatureKind::gram, hash); });
}

void add_text(std::string_view text, const ModelFile& file, Sum& sum) {
  const bool has_pairs = file.header().word_ngrams >= 2;
  Words words(text);
  std::array<Word, kBatch> batch;
  std::array<std::uint64_t, kBatch> pairs;
  std::uint64_t previous = kTextStart;
  bool is_more = true;
  while (is_more) {
    std::size_t count = 0;
    for (; count < kBatch && (is_more = words.next(batch[count])); ++count) {
      file.prefetch(batch[count].hash);
      if (!has_pairs) continue;
      pairs[count] = hash_pair(previous, batch[count].hash);
      file.prefetch(pairs[count]);
      previous = batch[count].hash;
    }
    for (std::size_t i = 0; i < count; ++i) {
      add_word(batch[i], file.header(), sum);
      if (has_pairs) sum.add(FeatureKind::pair, pairs[i]);
    }
  }
  if (previous != kTextStart) sum.add(FeatureKind::pair, hash_pair(previous, kTextEnd));
}

std::string describe_features(const Header& header) {
  std::string text = header.word_ngrams == 2 ? "words 1-2" : "words";
  if (header.min_gram_characters == 0) return text;
  return text + ", characters " + std::to_string(header.min_gram_characters) + '-' +
         std::to_string(header.max_gram_characters);
}

}  // namespace

Model::Model(const std::filesystem::path& file)
    : file_(file), labels_(std::make_shared<const std::vector<std::string>>(file_.labels())) {
  const Header& header = file_.header();
  info_.file = file;
  info_.format = "ngram";
  info_.name = file.stem().string();
  info_.architecture = "linear";
  info_.quantisation = header.weights == WeightType::int8 ? "int8" : "f32";
  info_.tokenizer = describe_features(header);
  info_.parameters = (std::uint64_t{header.rows} + 1) * header.labels;
  info_.vocabulary = header.rows;
  info_.file_bytes = header.file_bytes;
  info_.memory_bytes = header.file_bytes;
  info_.labels = *labels_;
  info_.checksum = hexadecimal(header.checksum);
}

void Model::classify(std::string_view text, std::span<float> probabilities) const {
  Sum sum(file_);
  add_text(text, file_, sum);
  const std::span<const float> logits = sum.logits();
  std::copy_n(logits.begin(), std::min(logits.size(), probabilities.size()), probabilities.begin());
  softmax(probabilities);
}

slm::Model load(const std::filesystem::path& file) {
  auto model = std::make_shared<Model>(file);
  slm::Model loaded;
  loaded.info = model->info();
  loaded.classifier = std::move(model);
  return loaded;
}

}  // namespace slm::ngram
