#pragma once

#include <filesystem>

namespace slm::testing {

/// Trains a model that tells `weather` from `music` by a few words, in a blink.
void train_nano_model(const std::filesystem::path& output);

/// As above, of the `text` and `label` of JSON lines.
void train_nano_model(const std::filesystem::path& data, const std::filesystem::path& output);

}  // namespace slm::testing
