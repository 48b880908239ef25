#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "runtime/evaluate/evaluation.h"
#include "runtime/forecast/sample.h"
#include "runtime/terminal.h"

namespace slm::runtime {

struct ForecastOptions {
  bool asks_remote = false;
  double confidence = 0.95;  ///< of the intervals
  std::uint64_t seed = 1;    ///< of what is drawn
};

/// What a whole input will take, by what a sample of it took.
struct Forecast {
  /// Of all requests together.
  using Totals = std::array<Estimate, kMeasures.size()>;

  /// What one model will do.
  struct Tier {
    std::string name;
    bool is_asked = true;  ///< whether the sample asked it; else it is all assumed
    Totals totals;
    const Estimate& operator[](Measure measure) const { return totals[static_cast<std::size_t>(measure)]; }
  };

  std::string pipeline;
  std::uint64_t requests = 0;
  std::size_t sampled = 0;
  std::chrono::nanoseconds sample_time{};
  std::optional<Estimate> seconds;  ///< empty where no model was asked
  std::vector<Tier> tiers;          ///< in the order of the pipeline file
  Tier all;
  std::size_t failed = 0;                ///< of the sample, or expired
  std::string reason;                    ///< why, most often
  std::vector<std::string> assumptions;  ///< sentences
};

/// The outcomes are those of the sample's lines, and took `sample_time` together. Values of totals are means
/// times the number of requests, their intervals the bootstrap's, which narrow as the sample nears the whole
/// (Cochran 1977, finite population correction).
Forecast forecast(const PipelineSpec& spec, const Sample& sample,
                  const std::vector<std::optional<Outcome>>& outcomes, std::chrono::nanoseconds sample_time,
                  const ForecastOptions& options);

/// For people, several lines.
std::string to_text(const Forecast& forecast, const Terminal& terminal);

/// One JSON object on one line.
std::string to_json(const Forecast& forecast, const ForecastOptions& options);

}  // namespace slm::runtime
