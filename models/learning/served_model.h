#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/classifier.h"

namespace slm::learning {

/// A classifier whose model is replaced while it is in use.
///
/// `classify` may be called from any thread at any time: it allocates nothing, takes no lock and never waits
/// for whoever replaces the model. A text is labelled by one model as a whole. Until there is one, all labels
/// are as likely, and `has_evidence` is false.
class ServedModel final : public Classifier {
 public:
  explicit ServedModel(std::shared_ptr<const std::vector<std::string>> labels) : labels_{std::move(labels)} {}

  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return labels_; }
  void classify(std::string_view text, std::span<float> probabilities) const override;
  bool has_evidence() const override { return has_model_; }

  /// Serves `model`, which has the same labels, from now on; null for none. Returns when nobody is at work
  /// with the one before, which takes no longer than a text. One thread at a time.
  void serve(std::shared_ptr<const Classifier> model);
  /// On the thread that calls `serve`.
  const std::shared_ptr<const Classifier>& model() const { return places_[current_].model; }

 private:
  struct alignas(64) Place {
    std::shared_ptr<const Classifier> model;
    mutable std::atomic<std::uint32_t> readers = 0;  ///< that read, or will find that it is not current
  };

  const Place& enter() const;

  std::shared_ptr<const std::vector<std::string>> labels_;
  std::array<Place, 2> places_;
  std::atomic<std::size_t> current_ = 0;
  std::atomic<bool> has_model_ = false;
};

/// The model with labels that it does not know added, at probability 0; the model itself where it knows them
/// all. Throws `ModelError` where it has one that is not among `labels`. Both are in ascending order.
std::shared_ptr<const Classifier> with_labels(std::shared_ptr<const Classifier> model,
                                              std::shared_ptr<const std::vector<std::string>> labels);

}  // namespace slm::learning
