#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace slm::runtime {

/// Lines that no model can be trained from: `file:line: problem`, a line each.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads JSON lines or CSV, each with a text and a label. Throws DataError with all that is wrong, or as much
/// of it as anybody reads, and InputError.
std::vector<ngram::Example> read_labelled_lines(const std::vector<std::filesystem::path>& files,
                                                const std::string& text_field,
                                                const std::string& label_field);

}  // namespace slm::runtime
