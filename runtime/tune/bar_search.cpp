#include "runtime/tune/bar_search.h"

#include <algorithm>
#include <functional>

#include "statistics/fixed_sequence.h"

namespace slm::runtime {
namespace {

/// Bars that a rule may have: what the file has, and confidences that were seen, at most so many.
constexpr std::size_t kMostCandidates = 200;
constexpr double kNearby = 0.005;
/// A step down the path lowers a bar by at most this part of its values, so that the path passes near every
/// quality on the way.
constexpr std::size_t kLargestStep = 24;

/// One bar of one gate, and the values that it may take, the highest first.
struct Dimension {
  std::size_t gate;
  double Bars::*bar;
  std::vector<double> values;
  std::size_t position = 0;
};

std::vector<double> candidates(std::span<const Trial> trials, std::size_t gate, Way way) {
  std::vector<double> seen;
  for (const Trial& trial : trials)
    for (const Visit& visit : trial.visits)
      if (visit.gate == gate && visit.confidence && visit.is_allowed[static_cast<std::size_t>(way)])
        seen.push_back(*visit.confidence);
  std::sort(seen.begin(), seen.end(), std::greater<>{});
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  const std::size_t count = std::min(seen.size(), kMostCandidates);
  std::vector<double> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = count == 1 ? 0 : i * (seen.size() - 1) / (count - 1);
    const double lower = at + 1 < seen.size() ? seen[at + 1] : seen[at] - kNearby;
    chosen.push_back(statistics::shortest_between(lower, seen[at]));
  }
  return chosen;
}

std::vector<Dimension> dimensions(std::span<const Trial> trials, const std::vector<TunableGate>& gates) {
  std::vector<Dimension> result;
  for (std::size_t gate = 0; gate < gates.size(); ++gate) {
    const auto add = [&](bool is_there, Way way, double Bars::*bar) {
      if (!is_there) return;
      std::vector<double> values = candidates(trials, gate, way);
      values.push_back(gates[gate].highest);
      values.push_back(gates[gate].bars.*bar);  // few lines may not show how good the author's own is
      std::erase_if(values, [&](double value) { return value > gates[gate].highest; });
      std::ranges::sort(values, std::greater<>{});
      values.erase(std::unique(values.begin(), values.end()), values.end());
      result.push_back({gate, bar, std::move(values)});
    };
    add(gates[gate].has_reject, Way::reject, &Bars::reject);
    add(gates[gate].has_accept, Way::accept, &Bars::accept);
  }
  return result;
}

/// How much a step saves for each unit of the target that it loses; one that loses nothing goes before all
/// others, by what it gains.
double worth(const Measured& before, const Measured& after) {
  const double saved = before.spend - after.spend;
  const double lost = before.mean() - after.mean();
  constexpr double kFree = 1e12;
  if (lost <= 0) return kFree * (1 + saved);
  return saved / lost;
}

/// A bar lowered, and what comes of that.
struct Step {
  Dimension* dimension;
  std::size_t position;
  Measured measured;
  double worth;
};

Step tried(const ScoredTrials& trials, const Measured& before, std::vector<Bars> bars, Dimension& dimension,
           std::size_t position) {
  bars[dimension.gate].*dimension.bar = dimension.values[position];
  const Measured after = trials.measure(bars);
  return {&dimension, position, after, worth(before, after)};
}

}  // namespace

ScoredTrials::ScoredTrials(std::span<const Trial> trials, const Target& target, Spend spend,
                           std::size_t gates)
    : trials_{trials} {
  const std::vector<Bars> escalating(gates);
  scores_.reserve(trials.size());
  for (const Trial& trial : trials) {
    const Ending& top = end_of(trial, escalating);
    std::vector<Score>& scores = scores_.emplace_back();
    for (const Ending& ending : trial.endings)
      scores.push_back({number_of(target, trial, ending, top), spend_of(spend, ending.usage)});
  }
}

const ScoredTrials::Score& ScoredTrials::score_of(std::size_t trial, const std::vector<Bars>& bars) const {
  const Ending& ending = end_of(trials_[trial], bars);
  return scores_[trial][static_cast<std::size_t>(&ending - trials_[trial].endings.data())];
}

Measured ScoredTrials::measure(const std::vector<Bars>& bars) const {
  Measured measured;
  for (std::size_t trial = 0; trial < trials_.size(); ++trial) {
    const Score& score = score_of(trial, bars);
    measured.spend += score.spend;
    if (!score.number) continue;
    ++measured.counted;
    measured.sum += *score.number;
  }
  if (!trials_.empty()) measured.spend /= static_cast<double>(trials_.size());
  return measured;
}

std::vector<double> ScoredTrials::numbers(const std::vector<Bars>& bars) const {
  std::vector<double> numbers;
  for (std::size_t trial = 0; trial < trials_.size(); ++trial)
    if (const auto number = score_of(trial, bars).number) numbers.push_back(*number);
  return numbers;
}

bool has_one_bar(const std::vector<TunableGate>& gates) {
  return gates.size() == 1 && gates.front().highest <= 1 && gates.front().has_accept &&
         !gates.front().has_reject;
}

std::vector<std::vector<Bars>> bar_ladder(const std::vector<TunableGate>& gates) {
  std::vector<std::vector<Bars>> path;
  for (const double bar : statistics::bar_ladder(gates.front().highest)) {
    path.push_back({Bars{}});
    path.back().front().accept = bar;
  }
  return path;
}

std::vector<std::vector<Bars>> bar_path(const ScoredTrials& trials, const std::vector<TunableGate>& gates) {
  std::vector<Dimension> all = dimensions(trials.trials(), gates);
  std::vector<Bars> bars(gates.size());
  for (const Dimension& dimension : all) bars[dimension.gate].*dimension.bar = dimension.values.front();
  std::vector<std::vector<Bars>> path{bars};
  Measured here = trials.measure(bars);
  while (true) {
    std::optional<Step> best;
    for (Dimension& dimension : all) {
      // Steps of several sizes: a bar may have to pass a few bad lines before it pays.
      const std::size_t last = dimension.values.size() - 1;
      for (std::size_t size = 1; size <= 1 + last / kLargestStep; size *= 2) {
        if (dimension.position + size > last) break;
        const Step step = tried(trials, here, bars, dimension, dimension.position + size);
        if (!best || step.worth > best->worth) best = step;
      }
    }
    if (!best) return path;
    Dimension& lowered = *best->dimension;
    while (lowered.position < best->position) {
      bars[lowered.gate].*lowered.bar = lowered.values[++lowered.position];
      path.push_back(bars);
    }
    here = best->measured;
  }
}

}  // namespace slm::runtime
