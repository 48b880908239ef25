#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "nodes/link/wire.h"

namespace slm::link {

/// What a process expects of those that greet it.
struct ExpectedGreeting {
  std::string process;  ///< whom they are to mean
  std::string pipeline;
  std::uint64_t pipeline_hash = 0;
  bool allow_other_pipelines = false;  ///< with another hash, where the nodes that are spoken of are known
  wire::Role role = wire::Role::caller;
  std::vector<std::string> processes;  ///< who may greet
};

struct GreetingRefusal {
  wire::Refusal refusal = wire::Refusal::protocol;
  std::string reason;
};

/// Why a greeting is refused; empty where it is not.
std::optional<GreetingRefusal> refusal_of(const wire::HelloT& hello, const ExpectedGreeting& expected);

/// The beginning of every greeting of a process of `pipeline`.
wire::HelloT hello_of(const PipelineSpec& pipeline, std::uint64_t pipeline_hash);

}  // namespace slm::link
