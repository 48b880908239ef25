#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "graph/pipeline.h"

/// What a report is about.
namespace slm::runtime {

/// `1,000 lines of dev.jsonl, more.jsonl`
std::string data_text(std::size_t lines, const std::vector<std::filesystem::path>& files);

/// In the order of the pipeline file.
std::vector<std::string> model_names(const PipelineSpec& spec);

}  // namespace slm::runtime
