#include "runtime/checkpoint/checkpointed_sink.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace slm::runtime {

CheckpointedSink::CheckpointedSink(std::unique_ptr<OutcomeSink> output,
                                   std::unique_ptr<Checkpoint> checkpoint, Beside beside)
    : output_{std::move(output)},
      checkpoint_{std::move(checkpoint)},
      beside_{std::move(beside)},
      resumed_{checkpoint_->resume(*output_, beside_.failed_end())},
      places_{resumed_ ? Places{resumed_->from, resumed_->items} : Places{}},
      step_{resumed_.value_or(Step{})} {}

// No id in JSON begins with it, so that a tag is told from an id alone.
constexpr char kTagged = '@';

std::string CheckpointedSink::tag_of(std::uint64_t number, const std::string& id_json) const {
  return kTagged + std::to_string(checkpoint_->run()) + ' ' + std::to_string(number) + ' ' + id_json;
}

std::optional<CheckpointedSink::Tag> CheckpointedSink::read_tag(const std::string& tag) const {
  const auto begin = kTagged + std::to_string(checkpoint_->run()) + ' ';
  if (!tag.starts_with(begin)) return std::nullopt;
  Tag found;
  const char* end = tag.data() + tag.size();
  const auto [rest, error] = std::from_chars(tag.data() + begin.size(), end, found.number);
  if (error != std::errc{} || rest == end) return std::nullopt;
  found.id_json.assign(rest + 1, end);
  return found;
}

bool CheckpointedSink::is_done(std::uint64_t number) const {
  return resumed_ && (number < resumed_->from.number || std::ranges::binary_search(resumed_->items, number));
}

bool CheckpointedSink::take(std::uint64_t number) {
  return !is_done(number) && taken_.insert(number).second;
}

bool CheckpointedSink::begin(const InputPosition& item) {
  places_.begin(item);
  return !is_done(item.number) && taken_.erase(item.number) == 0;
}

OutputMark CheckpointedSink::stage(std::span<const ResultPtr> results) {
  step_.items.clear();
  for (const ResultPtr& result : results) step_.items.push_back(result->item.number);
  step_.output = output_->stage(results);
  step_.failed_end = beside_.failed_end();
  step_.summary = beside_.summary();
  // Before they are written: a step counts only where the output holds it.
  step_.from = places_.end(step_.items);
  try {
    checkpoint_->note(step_);
  } catch (const CheckpointError& problem) {
    error_ = problem.what();
  }
  return step_.output;
}

std::size_t CheckpointedSink::write() {
  const auto taken = error_.empty() ? output_->write() : 0;
  if (!error().empty()) return taken;
  const bool is_synced =
      syncing_ && syncing_->is_synced.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  if (is_synced) end_settling();
  if (!syncing_ && error_.empty() && checkpoint_->is_due()) begin_settling();
  return taken;
}

void CheckpointedSink::begin_settling() {
  syncing_.emplace(Syncing{step_, checkpoint_->last_noted(), {}});
  syncing_->step.items = places_.done();
  // A sync of what two seconds have written would hold up all that ends meanwhile.
  syncing_->is_synced =
      std::async(std::launch::async, [this] { return output_->sync() && beside_.sync_failed(); });
}

void CheckpointedSink::end_settling() {
  // Where it cannot be synced now, the journal grows until it can.
  const bool is_synced = syncing_->is_synced.get();
  try {
    if (is_synced) checkpoint_->settle(syncing_->step, syncing_->through);
  } catch (const CheckpointError& problem) {
    error_ = problem.what();
  }
  syncing_.reset();
}

void CheckpointedSink::finish() {
  if (syncing_) end_settling();
  if (!error().empty()) return;
  step_.from = places_.end({});
  begin_settling();
  end_settling();
}

}  // namespace slm::runtime
