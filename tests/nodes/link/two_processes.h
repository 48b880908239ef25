#pragma once

#include "graph/node.h"
#include "graph/pipeline.h"
#include "graph/registry.h"
#include "nodes/builtin.h"

namespace slm::link {

/// Lets every message through.
class PassNode : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next"); }
  };
  PassNode(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message&) override { return options_.to; }

 private:
  Options options_;
};

/// Node `a` in process `edge`, node `b` in process `cloud`.
inline Pipeline two_processes() {
  static const Registration<PassNode> pass{"pass", "lets through"};
  register_builtin_nodes();
  return Pipeline::parse(R"(pipeline: test
version: 1
entry: a
processes:
  edge: {}
  cloud: { listen: "tcp://127.0.0.1:5555" }
nodes:
  a: { type: pass, to: b }
  b: { type: pass, on: cloud, on_unreachable: spool }
)",
                         "test.yaml");
}

}  // namespace slm::link
