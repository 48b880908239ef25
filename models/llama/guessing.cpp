#include "models/llama/guessing.h"

#include <algorithm>

namespace slm::llama {
namespace {

constexpr double kKept = 0.995;       // of what the steps before count
constexpr std::size_t kEnough = 200;  // steps
constexpr double kDraftKept = 0.9;    // of what the drafts before count
constexpr double kHopeRegained = 0.002;

}  // namespace

void Guessing::stepped(Seconds time, std::size_t tokens) {
  const double n = static_cast<double>(tokens), t = time.count();
  count_ = kKept * count_ + 1;
  tokens_ = kKept * tokens_ + n;
  seconds_ = kKept * seconds_ + t;
  tokens_squared_ = kKept * tokens_squared_ + n * n;
  tokens_by_seconds_ = kKept * tokens_by_seconds_ + n * t;
  ++steps_;
}

bool Guessing::pay(double right) const {
  const double spread = count_ * tokens_squared_ - tokens_ * tokens_;
  if (steps_ < kEnough || spread <= 0) return true;
  const double of_a_token = std::max((count_ * tokens_by_seconds_ - tokens_ * seconds_) / spread, 0.0);
  const double of_a_step = std::max((seconds_ - of_a_token * tokens_) / count_, 0.0);
  return right * of_a_step / static_cast<double>(answers_) >= (1 - right) * of_a_token;
}

bool Guessing::drafts_pay() {
  if (pay(drafts_right_)) return true;
  drafts_right_ += kHopeRegained * (kHoped - drafts_right_);
  return false;
}

void Guessing::saw_draft(std::size_t guessed, std::size_t right) {
  const double share = static_cast<double>(right) / static_cast<double>(guessed);
  drafts_right_ = kDraftKept * drafts_right_ + (1 - kDraftKept) * share;
}

}  // namespace slm::llama
