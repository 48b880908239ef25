#pragma once

#include <filesystem>
#include <string>

#include "models/ngram/trainer.h"

namespace slm::runtime {

/// What came of a training, several lines for people.
std::string to_text(const ngram::TrainReport& report, const std::filesystem::path& output);

/// One JSON object on one line.
std::string to_json(const ngram::TrainReport& report, const std::filesystem::path& output);

}  // namespace slm::runtime
