#pragma once

#include <filesystem>

namespace slm::testing {

/// A pipeline of one node, with that model as `nano.slm` beside it.
inline constexpr const char* kSorterPipeline = R"(pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  sort: { type: classify, model: nano }
)";

/// Trains a model that tells `weather` from `music` by a few words, in a blink.
void train_nano_model(const std::filesystem::path& output);

/// As above, of the `text` and `label` of JSON lines.
void train_nano_model(const std::filesystem::path& data, const std::filesystem::path& output);

}  // namespace slm::testing
