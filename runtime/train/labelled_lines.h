#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"
#include "runtime/input/line_problems.h"

namespace slm::runtime {

/// Reads JSON lines or CSV, each with a text and a label. Throws DataError with all that is wrong, or as much
/// of it as anybody reads, and InputError.
std::vector<ngram::Example> read_labelled_lines(const std::vector<std::filesystem::path>& files,
                                                const std::string& text_field,
                                                const std::string& label_field);

}  // namespace slm::runtime
