#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace slm {

/// Probability of every label of a classifier, parallel to its label names. Sums to one.
struct LabelEvidence {
  std::shared_ptr<const std::vector<std::string>> names;  ///< shared with the model; null where there is none
  std::vector<float> probabilities;

  bool empty() const { return probabilities.empty(); }
};

/// Further answers that a model drew at random, and how many of them say the same as the one it gave.
struct SampleVotes {
  int samples = 0;
  int agreeing = 0;
};

/// What a model shows of its own certainty about one answer. Whatever a model cannot show stays empty, and a
/// gate treats what is empty as missing, never as zero.
struct Evidence {
  LabelEvidence labels;
  /// Natural log of the probability that the model, unconstrained, gave to each token it emitted.
  std::vector<float> token_logprobs;
  /// Probability of the most likely first token less that of the second, in [0, 1].
  std::optional<float> first_token_margin;
  /// Whether the finished answer satisfies the node's JSON Schema; empty where the node has none.
  std::optional<bool> schema_valid;
  /// Whether the answer says the same as the one that the message brought along; empty where it brought none.
  std::optional<bool> agreement;
  std::optional<SampleVotes> sample_votes;
};

}  // namespace slm
