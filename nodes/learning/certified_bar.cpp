#include "nodes/learning/certified_bar.h"

#include <cmath>
#include <exception>
#include <numbers>
#include <utility>

#include "statistics/betting.h"
#include "statistics/fixed_sequence.h"

namespace slm {

Fields<CertifyOptions> CertifyOptions::fields() {
  return Fields<CertifyOptions>{}
      .required("agreement", &CertifyOptions::agreement,
                "share of all messages that end as the tiers above would have it", {0.01, 0.9999})
      .optional("confidence", &CertifyOptions::confidence,
                "with which that holds for every bar that is ever in force", {0.5, 0.9999});
}

std::optional<double> lowest_certified_bar(const std::vector<learning::HeldOutAnswer>& lessons,
                                           const std::vector<std::optional<double>>& confidences,
                                           const BarPromise& promise) {
  const std::vector<double> ladder = statistics::bar_ladder(promise.highest);
  std::vector<double> values(lessons.size());
  std::size_t last_accepted = lessons.size() + 1;
  const auto is_certified = [&](std::size_t position) {
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < lessons.size(); ++i) {
      const bool is_accepted = confidences[i] && *confidences[i] >= ladder[position];
      accepted += is_accepted ? 1U : 0U;
      const double share = lessons[i].weight / lessons[i].greatest_weight;
      values[i] = promise.agreement * (1 - share) + (is_accepted && !lessons[i].agrees ? 0 : share);
    }
    // Most steps of the ladder let nothing more through, and the last one was certified.
    if (std::exchange(last_accepted, accepted) == accepted) return true;
    return statistics::betting_p_value(values, promise.agreement, {0, 1}) <= promise.alpha;
  };
  const auto last = statistics::last_rejected(ladder.size(), is_certified);
  return last ? std::optional{ladder[*last]} : std::nullopt;
}

CertifiedBar::CertifiedBar(std::shared_ptr<learning::Learner> learner, const CertifyOptions& options,
                           double highest, Confidence confidence)
    : learner_{std::move(learner)}, options_{options}, highest_{highest}, confidence_{std::move(confidence)} {
  learner_->add(*this);
}

CertifiedBar::~CertifiedBar() {
  learner_->remove(*this);
}

void CertifiedBar::changing() noexcept {
  value_.store(kNever, std::memory_order_release);
}

void CertifiedBar::changed(const std::vector<learning::HeldOutAnswer>& held_out, std::size_t look) noexcept {
  try {
    std::vector<std::optional<double>> confidences;
    confidences.reserve(held_out.size());
    for (const learning::HeldOutAnswer& answer : held_out)
      confidences.push_back(confidence_(Evidence{.labels = answer.evidence}));
    const double k = std::numbers::pi * static_cast<double>(look);
    const BarPromise promise{options_.agreement, 6 * (1 - options_.confidence) / (k * k), highest_};
    value_.store(lowest_certified_bar(held_out, confidences, promise).value_or(kNever),
                 std::memory_order_release);
  } catch (const std::exception&) {
    changing();
  }
}

}  // namespace slm
