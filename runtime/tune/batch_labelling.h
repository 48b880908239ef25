#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace slm::runtime {

/// A line whose answer by the lower tiers and by the top tier are both known.
struct KnownAgreement {
  double confidence = 0;  ///< in the lower tiers' answer
  bool agrees = false;
};

struct BatchOptions {
  double target = 0.9;       ///< share of the batch's answers that are those of the top tier
  double confidence = 0.95;  ///< with which that holds, over the lines that happen to be sampled
  std::uint64_t seed = 1;
};

/// Decides which lines of a batch the top tier is to answer, so that the batch as a whole agrees with it as
/// much as is asked, at few calls; all others keep the answer of the lower tiers.
///
/// The lines are taken in the order of their confidence. Of the surest so many, some are drawn at random and
/// asked; how many errors the others can hold at most is then known exactly, since they were drawn without
/// replacement (hypergeometric tail), and the surest lines keep their answers as far down as that many are
/// allowed: the last position before the first whose test fails (fixed-sequence testing, see
/// `last_certified`). Lines that were asked cost a call and have the right answer.
///
/// Known agreements of lines of the same kind count as drawn, for nothing: lines of an earlier batch, or
/// those that a model was not trained on. Where to draw and how many is planned by what the confidences, or
/// the known lines, let expect; if that is wrong, more is asked than needed, and the promise holds all the
/// same.
class BatchLabelling {
 public:
  /// One confidence for each line of the batch.
  BatchLabelling(std::vector<double> confidences, std::vector<KnownAgreement> known,
                 const BatchOptions& options);

  /// Positions of the lines that the top tier is asked first.
  const std::vector<std::size_t>& sample() const { return sample_; }

  /// Positions of the others that it must be asked too, given what came of `sample`, in its order.
  std::vector<std::size_t> rest(const std::vector<bool>& agrees) const;

 private:
  struct Plan {
    std::size_t surest = 0;  ///< of which the sample is drawn
    std::size_t drawn = 0;
  };
  std::vector<double> expected_errors() const;
  Plan plan(const std::vector<double>& errors) const;
  std::size_t too_many(std::size_t errors) const;
  bool is_certain(std::size_t errors, std::size_t drawn, std::size_t population) const;
  double chance(std::size_t errors, std::size_t drawn, std::size_t population) const;

  std::vector<double> confidences_;
  std::vector<std::size_t> order_;     ///< the surest line first
  std::vector<KnownAgreement> known_;  ///< likewise
  BatchOptions options_;
  std::size_t allowed_ = 0;       ///< errors
  std::vector<double> expected_;  ///< errors among the surest 1, 2, … lines
  std::size_t surest_ = 0;
  std::vector<std::size_t> sample_;
};

}  // namespace slm::runtime
