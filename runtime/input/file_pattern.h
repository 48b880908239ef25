#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace slm::runtime {

/// Whether it is to be matched with the names of files: no file is called so, and it holds `*`, `?` or `[`.
bool is_pattern(const std::string& name);

/// The files that match, as the shell has it, sorted by the bytes of their names. Throws InputError where
/// there are none, or a folder cannot be read.
std::vector<std::filesystem::path> matching_files(const std::string& pattern);

}  // namespace slm::runtime
