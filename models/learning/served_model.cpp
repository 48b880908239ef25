#include "models/learning/served_model.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "models/model.h"

namespace slm::learning {
namespace {

class WidenedModel final : public Classifier {
 public:
  WidenedModel(std::shared_ptr<const Classifier> model,
               std::shared_ptr<const std::vector<std::string>> labels, std::vector<std::size_t> positions)
      : model_{std::move(model)}, labels_{std::move(labels)}, positions_{std::move(positions)} {}

  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return labels_; }

  void classify(std::string_view text, std::span<float> probabilities) const override {
    const std::span<float> own = probabilities.first(positions_.size());
    model_->classify(text, own);
    std::fill(probabilities.begin() + static_cast<std::ptrdiff_t>(own.size()), probabilities.end(), 0.0F);
    // From the last, since none moves to the left.
    for (std::size_t i = positions_.size(); i-- > 0;) {
      const float probability = std::exchange(probabilities[i], 0.0F);
      probabilities[positions_[i]] = probability;
    }
  }

 private:
  std::shared_ptr<const Classifier> model_;
  std::shared_ptr<const std::vector<std::string>> labels_;
  std::vector<std::size_t> positions_;  ///< of the model's labels among all
};

}  // namespace

const ServedModel::Place& ServedModel::enter() const {
  // Sequentially consistent throughout: a reader either is counted before the writer looks, or sees that the
  // place is no longer the current one.
  for (;;) {
    const std::size_t current = current_.load();
    const Place& place = places_[current];
    ++place.readers;
    if (current_.load() == current) return place;
    --place.readers;
  }
}

void ServedModel::classify(std::string_view text, std::span<float> probabilities) const {
  const Place& place = enter();
  if (place.model)
    place.model->classify(text, probabilities);
  else
    std::fill(probabilities.begin(), probabilities.end(), 1 / static_cast<float>(probabilities.size()));
  --place.readers;
}

void ServedModel::serve(std::shared_ptr<const Classifier> model) {
  const std::size_t before = current_, next = 1 - before;
  const auto wait_for_readers = [](const Place& place) {
    while (place.readers.load() != 0) std::this_thread::yield();
  };
  // Some may have counted themselves there by mistake, and are about to leave.
  wait_for_readers(places_[next]);
  has_model_ = has_model_ && model;
  places_[next].model = std::move(model);
  current_ = next;
  has_model_ = places_[next].model != nullptr;
  wait_for_readers(places_[before]);
  places_[before].model = nullptr;
}

std::shared_ptr<const Classifier> with_labels(std::shared_ptr<const Classifier> model,
                                              std::shared_ptr<const std::vector<std::string>> labels) {
  std::vector<std::size_t> positions;
  for (const std::string& label : *model->labels()) {
    const auto found = std::lower_bound(labels->begin(), labels->end(), label);
    if (found == labels->end() || *found != label)
      throw ModelError("the model gives the label `" + label + "`, which is not among those to be learnt");
    positions.push_back(static_cast<std::size_t>(found - labels->begin()));
  }
  if (positions.size() == labels->size()) return model;
  return std::make_shared<WidenedModel>(std::move(model), std::move(labels), std::move(positions));
}

}  // namespace slm::learning
