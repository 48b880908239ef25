#include "nodes/cache/options.h"

namespace slm::cache {

Fields<NearestOptions> NearestOptions::fields() {
  using O = NearestOptions;
  return Fields<O>{}
      .required("at_least", &O::at_least, "least cosine of two questions that have the same answer", {0.1, 1})
      .optional("model", &O::model,
                "model that embeds questions; left out, they are compared by their words and letters")
      .optional("audit", &O::audit,
                "share of such answers that is asked of the model all the same; 2% if left out")
      .optional("max_error", &O::max_error,
                "share of wrong ones above which such answers are given no more; 5% if left out");
}

Fields<CacheOptions> CacheOptions::fields() {
  using O = CacheOptions;
  return Fields<O>{}
      .optional("max_items", &O::max_items, "answers that are kept; 100000 if left out", {1, 1 << 30})
      .optional("max_bytes", &O::max_bytes, "that they may take; 64MiB if left out")
      .optional("expires", &O::expires, "age from which an answer is not given any more; never if left out")
      .optional("file", &O::file, "file that keeps them for the next run; in memory alone if left out")
      .optional("normalise", &O::normalise,
                "`true`: prompts that differ in white space alone have the same answer")
      .optional("nearest", &O::nearest, "also answer questions that are nearly the same; no if left out");
}

}  // namespace slm::cache
