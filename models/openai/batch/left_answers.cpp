#include "models/openai/batch/left_answers.h"

#include <algorithm>

#include "models/openai/batch/batch_lines.h"

namespace slm::openai {

void LeftAnswers::add(Place place) {
  places_[question_in(place.custom_id)].push_back(std::move(place));
}

std::optional<LeftAnswers::Place> LeftAnswers::take(const std::string& question) {
  const auto found = places_.find(question);
  if (found == places_.end()) return std::nullopt;
  auto& places = found->second;
  auto best = std::find_if(places.begin(), places.end(), [](const Place& p) { return p.offset.has_value(); });
  if (best == places.end()) best = places.begin();
  Place place = std::move(*best);
  places.erase(best);
  if (places.empty()) places_.erase(found);
  return place;
}

bool LeftAnswers::has_any_of(const SentBatch& batch) const {
  return std::any_of(places_.begin(), places_.end(), [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(),
                       [&](const Place& place) { return place.batch.get() == &batch; });
  });
}

void LeftAnswers::answered(const SentBatch& batch, const std::string& custom_id, std::uint64_t offset) {
  const auto found = places_.find(question_in(custom_id));
  if (found == places_.end()) return;
  for (Place& place : found->second)
    if (place.batch.get() == &batch && place.custom_id == custom_id) place.offset = offset;
}

void LeftAnswers::end(const SentBatch& batch) {
  for (auto& [question, places] : places_)
    std::erase_if(places, [&](const Place& place) { return place.batch.get() == &batch && !place.offset; });
  std::erase_if(places_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace slm::openai
