#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "graph/node.h"
#include "graph/pipeline.h"
#include "nodes/link/link_client.h"

namespace slm::link {

/// Stands in the graph for a node of another process: takes messages there, or, where that process waits for
/// the message, sends them back. Its exits are as `ProcessPart::crossing` says.
class Crossing : public AsyncNode {
 public:
  /// `client` leads to the process of node `target`; null where this process only sends messages back there.
  Crossing(const Pipeline& pipeline, std::string process, std::size_t target,
           std::shared_ptr<LinkClient> client);

  void process(Message& message, Done done) override;

 private:
  Exit send_back(Message& message) const;
  void call(Message& message, Done done);
  Exit take(Message& message, CallResult result, const Payload& text) const;
  Exit without_callee(Message& message, const std::string& reason) const;

  const Pipeline pipeline_;
  const std::string process_;
  const std::size_t target_;
  const bool is_durable_;  ///< a branch is not: without its fork nobody could go on with it
  const std::shared_ptr<LinkClient> client_;
  const bool is_restored_after_;  ///< values taken out here would be put back behind the node
};

}  // namespace slm::link
