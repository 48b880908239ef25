#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evidence/evidence.h"

namespace slm {

/// One number computed from evidence, in [0, 1] except where noted; higher is surer.
enum class SignalKind {
  max_prob,  ///< probability of the most likely label
  margin,    ///< probability of the most likely label less that of the second
  log_odds,  ///< ln(p / Σ of the other labels') of the most likely, within ±ln 1e9: unfolds what crowds near
             ///< 1
  entropy,         ///< 1 + Σ p ln p / ln K: one when certain, zero when uniform over K labels
  min_token_prob,  ///< smallest token probability (Gupta et al. 2024, arXiv 2404.10136: the lowest quantile)
  mean_logprob,    ///< mean token log-probability, at most 0
  quantile_logprob,    ///< q-quantile of token log-probabilities, interpolated linearly, at most 0
  first_token_margin,  ///< probability of the most likely first token less that of the second
  length,              ///< tokens generated, at least 1: of use beside other signals (Gupta et al. 2024)
  schema_valid,        ///< 1 where the answer satisfies its schema, else 0
  agreement,           ///< 1 where the answer says the same as that of the tier before, else 0
  self_consistency,    ///< share of sampled answers that say the same (Wang et al. 2022, arXiv 2203.11171)
};

inline constexpr int kMostSamples = 64;

struct Signal {
  SignalKind kind;
  double quantile = 0;  ///< for quantile_logprob only, in [0, 1]
  int samples = 0;      ///< for self_consistency only, from 1 to kMostSamples

  bool operator==(const Signal&) const = default;
};

/// Reads `max_prob`, `quantile_logprob(0.1)`, …; empty where the name or its argument is not known.
std::optional<Signal> parse_signal(std::string_view text);
std::string to_string(const Signal& signal);

/// The signal's value; empty where the evidence for it is missing. Any thread.
std::optional<double> evaluate(const Signal& signal, const Evidence& evidence);

}  // namespace slm
