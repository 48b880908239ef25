#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/input/source.h"
#include "runtime/tune/tune.h"

namespace slm::runtime {

struct TuneArguments {
  std::filesystem::path pipeline;
  std::vector<std::filesystem::path> data;
  SourceOptions source;
  std::optional<Target> target;  ///< empty: accuracy, of which a budget buys as much as it can
  std::optional<Spend> spend;    ///< empty: cost where models have prices, else calls
  TuneOptions options;
  std::filesystem::path record;  ///< empty: what models answer is not kept
  std::filesystem::path output;  ///< empty: the pipeline itself
  std::filesystem::path report;  ///< HTML; empty: none
  std::size_t max_in_flight = 256;
  bool is_dry = false;  ///< writes nothing
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph tune`: chooses the bars of a pipeline's gates by labelled lines, and writes them into its file,
/// where nothing else changes. Exit 1, with the file as it was, where no bars do what is asked. Throws
/// PipelineError, DataError, UsageError and OutputError.
int tune(const TuneArguments& arguments);

}  // namespace slm::runtime
