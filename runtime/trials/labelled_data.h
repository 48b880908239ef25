#pragma once

#include <filesystem>
#include <vector>

#include "runtime/input/source.h"

namespace slm::runtime {

/// All requests of the files, with what their lines expect. Throws DataError with the lines that are wrong,
/// as many as anybody reads, and InputError; DataError too where there is no line at all.
std::vector<InputItem> read_labelled_data(const std::vector<std::filesystem::path>& files,
                                          const SourceOptions& options);

/// How many of them say what is right.
std::size_t count_labelled(const std::vector<InputItem>& lines);

}  // namespace slm::runtime
