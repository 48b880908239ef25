#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/evidence.h"

namespace slm {

using Clock = std::chrono::steady_clock;

/// How a message ended: exactly one for each message.
enum class OutcomeKind : std::uint8_t { answered, rejected, abstained, expired, failed };

std::string_view to_string(OutcomeKind kind);

/// Where a message may go.
enum class Privacy : std::uint8_t {
  open,   ///< to every process of the pipeline
  local,  ///< to no other process than the one it was submitted to
};

/// What a caller asks.
struct Request {
  std::string id;                             ///< empty: the graph numbers it
  std::string text;                           ///< UTF-8; other bytes are carried as they are
  std::map<std::string, std::string> fields;  ///< other named values, for prompts and routes
  Privacy privacy = Privacy::open;
  std::optional<std::chrono::milliseconds> timeout;  ///< from submission; empty: the pipeline's own
  std::stop_token cancelled;                         ///< a stop ends the message `expired` at its next node
};

/// What a model said, and how sure it was.
struct Answer {
  std::string text;
  std::string label;                 ///< of the last classification, kept when a generator answers later
  std::string tier;                  ///< name of the model that answered last
  Evidence evidence;                 ///< of the model that answered last
  std::optional<double> confidence;  ///< what the last gate made of the evidence
};

/// A visit to a node.
struct Hop {
  std::string_view node;  ///< lives as long as the pipeline, which the outcome keeps alive
  Clock::time_point entered;
  Clock::time_point left;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  double cost = 0;  ///< in the currency of the pipeline's prices
};

/// One request on its way through the graph.
///
/// A message has one owner at a time: the node that processes it may change it freely and must not keep it.
struct Message {
  Request request;
  Answer answer;
  std::vector<Hop> trace;  ///< the last hop is the node at work
  Clock::time_point submitted;
  Clock::time_point deadline = Clock::time_point::max();

  Hop& hop() { return trace.back(); }
};

/// How a message ended and all that is known of it.
struct Outcome {
  std::string id;
  OutcomeKind kind = OutcomeKind::failed;
  Answer answer;
  std::string reason;  ///< why it was not answered or rejected by design; empty otherwise
  std::vector<Hop> trace;
  std::chrono::nanoseconds latency{};  ///< from submission
  std::shared_ptr<const void> names;   ///< keeps the strings alive that `trace` refers to
};

}  // namespace slm
