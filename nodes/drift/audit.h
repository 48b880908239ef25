#pragma once

#include <memory>

#include "graph/message.h"
#include "nodes/drift/gate_watch.h"
#include "nodes/gate_way.h"

namespace slm {

/// Whether this message is one of the share that is audited: by a hash of its id and text, so that a run over
/// a file audits the same ones each time.
bool is_audited(const Request& request, double share);

/// What a message was let through with, against how it ended with the tiers above asked too: empty where
/// these have not said. An answer is wrong where theirs is another one, or they reject; a rejection where
/// they answer.
std::optional<bool> is_wrong(Way way, const Answer& passed, const Message& ended, OutcomeKind kind);

/// Tells a gate's watch how a message ended that the gate would have let through.
class Audit : public Witness {
 public:
  Audit(std::shared_ptr<GateWatch> watch, Way way, Answer passed)
      : watch_{std::move(watch)}, way_{way}, passed_{std::move(passed)} {}

  void ended(const Message& message, OutcomeKind kind) noexcept override;

 private:
  std::shared_ptr<GateWatch> watch_;
  Way way_;
  Answer passed_;
};

}  // namespace slm
