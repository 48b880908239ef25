#pragma once

#include <filesystem>
#include <string>

namespace slm {

/// The content of a small file that goes with a model. Throws `ModelError` with the system's reason where it
/// cannot be read.
std::string read_text_file(const std::filesystem::path& file);

}  // namespace slm
