#include "nodes/cache/nearest_gate.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "models/ngram/feature_hash.h"
#include "nodes/same_answer.h"

namespace slm::cache {
namespace {

constexpr double kLeastRate = 1e-6;  // a rate to bet against is neither 0 nor 1

/// The position of the choice.
std::size_t choice_of(const ChoiceScores& scores) {
  const auto& probabilities = scores.evidence.labels.probabilities;
  return scores.chosen.value_or(
      static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin()));
}

}  // namespace

bool say_the_same(const replay::Answer& one, const replay::Answer& other) {
  if (one.index() != other.index()) return false;
  if (const auto* text = std::get_if<Generation>(&one))
    return says_the_same(text->text, std::get<Generation>(other).text);
  const auto* scores = std::get_if<ChoiceScores>(&one);
  return scores && choice_of(*scores) == choice_of(std::get<ChoiceScores>(other));
}

NearestGate::NearestGate(std::string model, const NearestOptions& options, Log log)
    : model_{std::move(model)},
      options_{options},
      log_{std::move(log)},
      watch_{std::clamp(options.max_error.value, kLeastRate, 1 - kLeastRate)} {}

bool NearestGate::is_audited(std::uint64_t key) const {
  return std::ldexp(static_cast<double>(ngram::mix(key) >> 11U), -53) < options_.audit.value;
}

std::uint64_t NearestGate::setting(std::string_view model, std::string_view embedder) const {
  std::ostringstream text;
  text << model << '\n' << embedder << '\n' << options_.at_least << '\n' << options_.max_error.value;
  return replay::hash_of(text.str());
}

void NearestGate::restore(const std::vector<bool>& audits) {
  for (const bool is_error : audits) count(is_error);
}

void NearestGate::judge(const replay::Answer& near, const replay::Answer& asked) {
  const bool is_error = !say_the_same(near, asked);
  if (journal_) journal_(is_error);
  count(is_error);
}

void NearestGate::count(bool is_error) {
  std::ostringstream line;
  {
    const std::lock_guard lock{mutex_};
    if (!is_open()) return;
    ++audited_;
    errors_ += is_error ? 1 : 0;
    watch_.add(is_error);
    if (watch_.bets().capital() < 1 / kFalseAlarm) return;
    is_open_ = false;
    line << "cache of model `" << model_ << "`: " << errors_ << " of " << audited_
         << " answers to near questions were wrong by the audit, more than max_error "
         << options_.max_error.value << "; such answers are given no more";
  }
  log_(line.str());
}

}  // namespace slm::cache
