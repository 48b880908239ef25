#pragma once

#include <chrono>
#include <optional>

#include "graph/fields.h"
#include "nodes/aggregate/amounts.h"
#include "nodes/drift/options.h"

namespace slm::cache {

inline constexpr const char* kDoc =
    "keeps answers, and gives them again to who asks the same; none if left out";

/// `nearest` of a cache: questions that are nearly the same have the same answer.
struct NearestOptions {
  double at_least = 1;            ///< cosine of the two questions
  std::optional<ModelRef> model;  ///< that embeds them; empty: `ngram::embedder`
  Share audit{0.02};              ///< of such answers, that is asked of the model all the same
  Share max_error{0.05};          ///< of such answers, above which none is given any more

  static Fields<NearestOptions> fields();
};

/// `cache` of an entry of `models`: answers are kept, and given again to who asks exactly the same.
struct CacheOptions {
  // Behaviour
  bool normalise = false;  ///< prompts that differ in white space alone are the same
  std::optional<std::chrono::milliseconds> expires;
  std::optional<NearestOptions> nearest;  ///< empty: only the same question has the same answer
  // Performance
  int max_items = 100'000;
  aggregate::ByteCount max_bytes{64ULL << 20U};
  std::optional<MachinePath> file;  ///< empty: in memory alone

  static Fields<CacheOptions> fields();
};

}  // namespace slm::cache
