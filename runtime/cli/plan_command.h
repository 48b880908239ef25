#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/forecast/forecast.h"
#include "runtime/input/source.h"

namespace slm::runtime {

struct PlanArguments {
  std::filesystem::path pipeline;
  std::vector<std::string> inputs;  ///< as of `run`
  SourceOptions source;
  ForecastOptions options;
  std::size_t sample = 200;
  std::size_t max_in_flight = 1024;
  std::optional<std::chrono::milliseconds> timeout;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph plan`: what a run will take, by a sample of its input. Throws PipelineError and InputError.
int plan(const PlanArguments& arguments);

}  // namespace slm::runtime
