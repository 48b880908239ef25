#include "runtime/run/run_budget.h"

#include <chrono>
#include <utility>

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

// Until so many have ended nobody knows what one spends, and no more are let in together.
constexpr std::uint64_t kFirst = 16;

double spent_on(Spend spend, const Summary& summary) {
  double sum = 0;
  for (const TierSummary& tier : summary.tiers()) {
    if (spend == Spend::cost) sum += tier.cost;
    if (spend == Spend::calls) sum += static_cast<double>(tier.calls);
    if (spend == Spend::tokens) sum += static_cast<double>(tier.prompt_tokens + tier.generated_tokens);
    if (spend == Spend::energy) sum += tier.energy_j;
  }
  return sum;
}

}  // namespace

RunBudget::RunBudget(const std::vector<Budget>& limits, const Summary& earlier) : ended_{earlier.total()} {
  for (const Budget& budget : limits) limits_.push_back({budget, spent_on(budget.spend, earlier)});
}

double RunBudget::spent_by(const Limit& limit) const {
  if (limit.budget.spend != Spend::time) return limit.spent;
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

const RunBudget::Limit* RunBudget::first_without_room(std::uint64_t more) const {
  for (const Limit& limit : limits_) {
    const double spent = spent_by(limit);
    // Those in flight together take no longer than one.
    const bool is_each = limit.budget.spend != Spend::time && ended_ > 0;
    const double mean = is_each ? spent / static_cast<double>(ended_) : 0;
    if (spent >= limit.budget.most || spent + mean * static_cast<double>(more) > limit.budget.most)
      return &limit;
  }
  return nullptr;
}

bool RunBudget::admit(const std::function<bool()>& is_stopped) {
  std::unique_lock lock{mutex_};
  while (!is_stopped()) {
    const Limit* limit = first_without_room(in_flight_ + 1);
    const bool is_first = ended_ < kFirst && in_flight_ >= kFirst;
    if (limit == nullptr && !is_first) {
      ++in_flight_;
      return true;
    }
    if (in_flight_ == 0 || (limit != nullptr && spent_by(*limit) >= limit->budget.most)) {
      reached_ = std::string{name_of(limit->budget.spend)} + "=" + brief(limit->budget.most);
      return false;
    }
    changed_.wait_for(lock, std::chrono::milliseconds{100});
  }
  return false;
}

void RunBudget::ended(const Summary& summary) {
  {
    const std::lock_guard lock{mutex_};
    ended_ = summary.total();
    if (in_flight_ > 0) --in_flight_;
    for (Limit& limit : limits_) limit.spent = spent_on(limit.budget.spend, summary);
  }
  changed_.notify_one();
}

std::string RunBudget::reached() const {
  const std::lock_guard lock{mutex_};
  return reached_;
}

}  // namespace slm::runtime
