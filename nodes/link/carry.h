#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "graph/message.h"
#include "graph/pipeline.h"
#include "nodes/link/wire.h"

/// Between messages of the engine and what of them crosses a link.
namespace slm::link {

/// What a peer calls the nodes, for the numbers that it sends.
class NodeTable {
 public:
  NodeTable() = default;
  NodeTable(const PipelineSpec& spec, const std::vector<std::string>& names);

  /// Position among the nodes of our own pipeline. Throws `MalformedPacket` for a number or a name that we do
  /// not know.
  std::size_t ours(std::uint16_t theirs) const;

 private:
  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);
  std::vector<std::size_t> positions_;
  std::vector<std::string> names_;
};

std::vector<std::string> node_names(const PipelineSpec& spec);

/// A message that enters another process at `node`, without an id; its payloads are the texts of request and
/// answer, which are moved out of it.
struct CarriedCall {
  wire::CallT header;
  Payload text;
  Payload answer;
};
CarriedCall call_of(Message& message, std::size_t node, const std::string& process);

/// What of a message does not cross a link, for who keeps it on disk: the nodes that it has visited, whether
/// it is private, and which nodes gave its answer so far. And back, for who finds it there.
void add_unsent(wire::CallT& call, const Message& message, const PipelineSpec& spec);
void take_unsent(Message& message, const wire::CallT& call, const PipelineSpec& spec, const NodeTable& nodes);

/// The message of a call, for the process that is called. Throws `MalformedPacket`.
Message message_of(const wire::CallT& call, const Payload& text, const Payload& answer);

/// What became of a call; `arrived` is when it came.
struct CarriedReply {
  wire::ReplyT header;
  std::vector<Payload> payloads;
};
CarriedReply reply_of(const PipelineSpec& spec, Outcome outcome, const RemoteCaller& caller,
                      Clock::time_point arrived);

/// Writes into the message what another process, called `process`, made of it. `text` is what `call_of` took.
/// The last hop, the one over the link, becomes one of that name. Throws `MalformedPacket`.
void take_reply(Message& message, const PipelineSpec& spec, const std::string& process, CarriedReply reply,
                const Payload& text, const NodeTable& nodes);

}  // namespace slm::link
