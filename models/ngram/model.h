#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/classifier.h"
#include "models/model.h"
#include "models/ngram/model_file.h"

namespace slm::ngram {

/// A linear classifier over hashed n-grams of words and of the characters within them, held in memory of its
/// own: the file may be replaced or lost while the model is in use.
///
/// Any thread may call any function. `classify` allocates nothing, takes no lock and never throws; its work
/// is linear in the text. A text without a letter or digit gets what the labels' biases say.
///
/// A text's logits are bias + Σ weights / sqrt(Σ masses) over its features, divided by one temperature:
/// softmax regression on TF-IDF with an L2 norm, calibrated as in Guo et al. 2017 (arXiv 1706.04599). A word
/// known from training has the sum of its n-grams in a row of its own, so that it costs one look-up.
class Model final : public Classifier {
 public:
  /// Reads and checks the whole file. Throws `ModelError` if it is missing, no ngram model, of a later
  /// version, truncated or damaged.
  explicit Model(const std::filesystem::path& file);

  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return labels_; }
  void classify(std::string_view text, std::span<float> probabilities) const override;

  const ModelInfo& info() const { return info_; }

 private:
  ModelFile file_;
  std::shared_ptr<const std::vector<std::string>> labels_;
  ModelInfo info_;
};

/// Opens the file as a model whose classifier is set. Throws as `ngram::Model` does.
slm::Model load(const std::filesystem::path& file);

}  // namespace slm::ngram
