#pragma once

#include <filesystem>
#include <vector>

#include "runtime/checkpoint/checkpoint.h"
#include "runtime/run/runner.h"

namespace slm::runtime {

/// What a checkpoint of this run holds to: the pipeline, the files that it names, the input and the options
/// that decide what the output is. Throws CheckpointError where the input cannot be read twice.
RunIdentity identity_of(const RunOptions& options, const PipelineSpec& spec,
                        const std::vector<std::filesystem::path>& inputs);

}  // namespace slm::runtime
