#pragma once

#include "runtime/merge/merge.h"

namespace slm::runtime {

struct MergeArguments {
  MergeOptions options;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph merge`: the outcomes of all shards as one file, or what stands between them and it.
int merge(const MergeArguments& arguments);

}  // namespace slm::runtime
