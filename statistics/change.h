#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slm::statistics {

/// Capital of somebody who bets that something has changed, not knowing when. Strategy i multiplies its stake
/// by a factor in every round; while nothing has changed, the mean of each factor, given all that went
/// before, must be at most 1. Of a capital of 1, 1 / (t (t + 1)) comes into play at round t, in even shares:
/// what has lost in a long time of peace does not delay the alarm by more than 2 ln t in the log of the
/// capital.
///
/// While nothing changes, the chance that the capital ever reaches 1 / alpha is at most alpha (Ville's
/// inequality). One thread at a time.
class ChangeBets {
 public:
  explicit ChangeBets(std::size_t strategies) : stakes_(strategies) {}
  /// Goes on where another one was.
  ChangeBets(std::uint64_t rounds, std::vector<double> stakes)
      : rounds_{rounds}, stakes_{std::move(stakes)} {}

  void play(std::span<const double> factors);

  double capital() const;
  std::uint64_t rounds() const { return rounds_; }
  const std::vector<double>& stakes() const { return stakes_; }

 private:
  std::uint64_t rounds_ = 0;
  std::vector<double> stakes_;
};

/// Whether a rate of errors, of which each is seen once, has come to be above `most`: the bets are those of
/// `BettingTest`, for whom a value is 1 for an error.
class ErrorRateWatch {
 public:
  static constexpr std::size_t kStrategies = 7;

  explicit ErrorRateWatch(double most) : ErrorRateWatch{most, ChangeBets{kStrategies}} {}  ///< in (0, 1)
  ErrorRateWatch(double most, ChangeBets bets);  ///< goes on with bets of another one

  void add(bool is_error);
  const ChangeBets& bets() const { return bets_; }

 private:
  double most_;
  ChangeBets bets_;
};

/// Whether numbers go on coming from where they came from: a conformal test martingale (Vovk, Petej,
/// Nouretdinov, Ahlberg, Carlsson and Gammerman 2021, "Retrain or not retrain: conformal test martingales for
/// change-point detection", COPA). A number's rank among all so far, ties broken at random, is uniform for as
/// long as their order says nothing; the bets are on low, high, middling and extreme ranks.
///
/// Numbers are told apart by bins, whose edges are quantiles of the first `kFirst`: these are only learned
/// from. Memory does not grow.
class ShiftWatch {
 public:
  static constexpr std::size_t kFirst = 256;
  static constexpr std::size_t kStrategies = 6;

  /// All that it has learned, to go on with it.
  struct Memory {
    std::vector<double> first;          ///< until there are `kFirst`; empty from then on
    std::vector<double> edges;          ///< ascending; empty until then
    std::vector<std::uint64_t> counts;  ///< below the first edge, at it, between it and the next, at that, …
    ChangeBets bets{kStrategies};
  };

  ShiftWatch() = default;
  explicit ShiftWatch(Memory memory) : memory_{std::move(memory)} {}

  /// `uniform` is a random number from [0, 1), a new one for each.
  void add(double number, double uniform);
  const Memory& memory() const { return memory_; }
  const ChangeBets& bets() const { return memory_.bets; }

 private:
  std::size_t bin_of(double number) const;
  void set_edges();

  Memory memory_;
};

}  // namespace slm::statistics
