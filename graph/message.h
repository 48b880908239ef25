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

/// Whose turn it is where messages wait for the same thing.
enum class Priority : std::uint8_t {
  interactive,  ///< somebody waits for the answer
  batch,        ///< gives way to those
};

/// What must not be let go of before an outcome is safe, such as a copy of the message on disk. Who gets the
/// outcome does nothing: when the last copy of it is gone, it is taken for safe, unless `keep` was called.
class Receipt {
 public:
  virtual ~Receipt() = default;
  /// The outcome was lost, to a full disk perhaps: the message is to be worked on again. Any thread.
  virtual void keep() = 0;
};

struct Message;

/// Whoever wants to know how a message ends that it let go on, such as a gate that has its answer checked by
/// the tier above. Where the message is carried to another process for good, put off to another run, or the
/// engine goes down, it is never told.
class Witness {
 public:
  virtual ~Witness() = default;
  /// Called once, before the outcome is delivered, on a thread of the engine. Must be quick.
  virtual void ended(const Message& message, OutcomeKind kind) noexcept = 0;
};

/// What a caller asks.
struct Request {
  std::string id;                             ///< empty: the graph numbers it
  std::string text;                           ///< UTF-8; other bytes are carried as they are
  std::map<std::string, std::string> fields;  ///< other named values, for prompts and routes
  Privacy privacy = Privacy::open;
  Priority priority = Priority::interactive;
  std::string tag;                                   ///< of the caller's, carried along and never looked at
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

/// A visit to a node, or to a process across a link.
struct Hop {
  std::string_view node;  ///< lives as long as the pipeline, which the outcome keeps alive
  Clock::time_point entered;
  Clock::time_point left;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  double cost = 0;      ///< in the currency of the pipeline's prices
  double energy_j = 0;  ///< that the node's model drew, by the pipeline's `watts`
  /// How long a replayed answer took when it was recorded; `cost` and `energy_j` go by it.
  std::optional<std::chrono::nanoseconds> recorded;
  bool is_cached = false;  ///< its answer had been given before: no model was asked
  float nearest = 0;       ///< where that was to another question: their cosine
  /// Which file of its model answered; null where the model has one.
  std::shared_ptr<const std::string> variant;
  bool is_link = false;  ///< the time that a call to another process took, with what it visited there
};

/// Why a message is here: another process called, and waits for what becomes of it.
struct RemoteCaller {
  /// Processes that wait for it, the one it was submitted to first.
  std::vector<std::string> waiting;
  /// Set by a node that sends it back: it goes on there, with the text and fields that it has by now.
  struct Return {
    std::size_t node = 0;
    std::string text;
    std::map<std::string, std::string> fields;
  };
  std::optional<Return> returned;
};

/// A value that was taken out of a message, and what stands in its place.
struct KeptValue {
  std::string placeholder;
  std::string value;
};

namespace engine {
class Slot;
}

/// One request on its way through the graph.
///
/// A message has one owner at a time: the node that processes it may change it freely and must not keep it.
struct Message {
  Request request;
  Answer answer;
  std::vector<Hop> trace;  ///< the last hop is the node at work
  Clock::time_point submitted;
  Clock::time_point deadline = Clock::time_point::max();
  /// Answers that a node further on may give instead of its own, by the number of the node that gave them.
  std::map<std::size_t, Answer> remembered;
  /// What `redact` nodes have taken out, for `restore` nodes to put back; null: nothing. Shared by the
  /// branches of a fork; it never crosses a link.
  std::shared_ptr<const std::vector<KeptValue>> kept_values;
  /// A tier that it should have gone to was out of reach, or was shown a part of its prompt.
  bool is_degraded = false;
  bool is_put_off = false;  ///< as in `Outcome`; set by the node that ends it
  std::vector<std::shared_ptr<Receipt>> receipts;
  std::vector<std::shared_ptr<Witness>> witnesses;  ///< those that join in a branch of a fork are not told
  std::shared_ptr<RemoteCaller> caller;             ///< null where it was submitted to this process
  engine::Slot* slot = nullptr;  ///< the engine's; null in a branch of a fork, and outside of an engine

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
  bool is_degraded = false;            ///< as in `Message`
  /// It is on disk, and a later run of the pipeline goes on with it; its `kind` is `expired`, and no news to
  /// anybody.
  bool is_put_off = false;
  std::string tag;  ///< as in the request
  std::vector<std::shared_ptr<Receipt>> receipts;
  std::shared_ptr<const void> names;  ///< keeps the strings alive that `trace` refers to
};

}  // namespace slm
