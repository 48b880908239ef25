#include "nodes/link/greeting.h"

#include <algorithm>

#include "nodes/link/carry.h"

namespace slm::link {
namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "`" : ", `") + name + '`';
  return result;
}

}  // namespace

std::optional<GreetingRefusal> refusal_of(const wire::HelloT& hello, const ExpectedGreeting& expected) {
  using wire::Refusal;
  if (hello.protocol_min > kProtocol || hello.protocol_max < kProtocol)
    return {{Refusal::protocol, "it speaks versions " + std::to_string(hello.protocol_min) + " to " +
                                    std::to_string(hello.protocol_max) +
                                    " of the protocol, and this process speaks " +
                                    std::to_string(kProtocol)}};
  if (hello.pipeline != expected.pipeline)
    return {{Refusal::pipeline,
             "it runs pipeline `" + hello.pipeline + "`, and this process `" + expected.pipeline + "`"}};
  if (hello.pipeline_hash != expected.pipeline_hash && !expected.allow_other_pipelines)
    return {{Refusal::pipeline,
             "its pipeline `" + hello.pipeline +
                 "` has other nodes or edges; expected the same file, or `allow_other_pipelines: true` "
                 "on the process that is called"}};
  if (hello.to != expected.process) return {{Refusal::process, "it means process `" + hello.to + "`"}};
  if (hello.role != expected.role)
    return {{Refusal::process, expected.role == wire::Role::worker
                                   ? "it sends messages, and this address is for workers"
                                   : "it is a worker, and this address is for those that send messages"}};
  if (std::ranges::count(expected.processes, hello.process) == 0)
    return {{Refusal::process,
             "process `" + hello.process + "` sends it nothing; expected " + list_of(expected.processes)}};
  return std::nullopt;
}

wire::HelloT hello_of(const PipelineSpec& pipeline, std::uint64_t pipeline_hash) {
  wire::HelloT hello;
  hello.protocol_min = hello.protocol_max = kProtocol;
  hello.pipeline = pipeline.name;
  hello.pipeline_hash = pipeline_hash;
  hello.nodes = node_names(pipeline);
  return hello;
}

}  // namespace slm::link
