#include <gtest/gtest.h>

#include <string>

#include "graph/pipeline.h"
#include "nodes/builtin.h"

namespace slm {
namespace {

/// Recursion over so many nodes, or a search through all of them for each, would not come back in time.
TEST(LongPipeline, IsLoadedWithoutRecursionOrSearching) {
  register_builtin_nodes();
  constexpr int kNodes = 50'000;
  std::string yaml = "pipeline: p\nversion: 1\nentry: hide\nnodes:\n";
  yaml += "  hide: { type: redact, kinds: [ip], to: n0 }\n";
  for (int i = 0; i < kNodes; ++i) {
    const std::string next = std::string{"n"}.append(std::to_string(i + 1));
    yaml += "  n" + std::to_string(i) + ": { type: route, by: fields.kind, cases: { x: " + next + " } }\n";
  }
  yaml += "  n" + std::to_string(kNodes) + ": { type: route, by: fields.kind, cases: { x: end } }\n";
  yaml += "  end: { type: restore, to: end2 }\n";
  yaml += "  end2: { type: join, policy: first }\n";
  try {
    Pipeline::parse(yaml, "p.yaml");
    FAIL() << "a join without a fork is a mistake";
  } catch (const PipelineError& error) {
    ASSERT_EQ(error.problems().size(), 1U);
    EXPECT_EQ(error.problems().front().message,
              "join `end2` has no fork before it; expected a `to` with several nodes");
  }
}

}  // namespace
}  // namespace slm
