#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "runtime/trials/trial.h"
#include "runtime/trials/tunable_gates.h"
#include "runtime/tune/target.h"

namespace slm::runtime {

/// What lines come to with certain bars.
struct Measured {
  std::size_t counted = 0;  ///< lines that count for the target
  double sum = 0;           ///< of their numbers
  double spend = 0;         ///< of all lines, each

  double mean() const { return counted == 0 ? 0 : sum / static_cast<double>(counted); }
};

/// Lines with what each of their endings means for a target and what it spends. Any thread.
class ScoredTrials {
 public:
  /// `trials` must outlive it.
  ScoredTrials(std::span<const Trial> trials, const Target& target, Spend spend, std::size_t gates);

  Measured measure(const std::vector<Bars>& bars) const;
  /// The numbers of the lines that count.
  std::vector<double> numbers(const std::vector<Bars>& bars) const;
  std::span<const Trial> trials() const { return trials_; }

 private:
  struct Score {
    std::optional<double> number;
    double spend = 0;
  };
  const Score& score_of(std::size_t trial, const std::vector<Bars>& bars) const;

  std::span<const Trial> trials_;
  std::vector<std::vector<Score>> scores_;  ///< of each trial's endings
};

/// Whether there is but one bar to choose, from which on a probability or a log-probability is accepted: the
/// higher, the safer.
bool has_one_bar(const std::vector<TunableGate>& gates);

/// The path for gates with one bar, from the highest to the lowest, chosen without looking at any line: a
/// thousand steps, finer near 1 and near 0, where confidences crowd.
std::vector<std::vector<Bars>> bar_ladder(const std::vector<TunableGate>& gates);

/// Bars from the safest, with which every gate escalates what it can, to the cheapest, with which none does:
/// each step lowers the one bar that saves most for what it loses of the target, a greedy walk down the
/// frontier of quality and spending. What lies between is on the path too. Bars are confidences of `trials`.
std::vector<std::vector<Bars>> bar_path(const ScoredTrials& trials, const std::vector<TunableGate>& gates);

}  // namespace slm::runtime
