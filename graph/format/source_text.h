#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace slm {

/// The content of a pipeline file. Throws `PipelineError` with the system's reason where it cannot be read.
std::string source_text(const std::filesystem::path& file);

/// Throws `PipelineError` with line and column, counted in bytes, of the first character that is not UTF-8 or
/// that no YAML text may hold: the parser would end the document there, or carry it into names and prompts.
void check_characters(std::string_view text, const std::filesystem::path& file);

}  // namespace slm
