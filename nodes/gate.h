#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "evidence/signals.h"
#include "graph/registry.h"
#include "models/calibration/calibration.h"
#include "nodes/drift/gate_watch.h"
#include "nodes/drift/options.h"
#include "nodes/learning/certified_bar.h"
#include "nodes/learning/lessons.h"

namespace slm {

/// A signal as a pipeline file names it.
struct SignalOption {
  Signal signal{SignalKind::max_prob};
  static constexpr std::string_view kExpected =
      "a signal: max_prob, log_odds, margin, entropy, min_token_prob, mean_logprob, quantile_logprob(0.1), "
      "first_token_margin, length, schema_valid, agreement or self_consistency(5)";
  static SignalOption parse(std::string_view text);
};

/// One of the two, or both where they agree.
struct ConfidenceOptions {
  std::optional<SignalOption> signal;
  std::optional<FilePath> calibration;
  static Fields<ConfidenceOptions> fields();
};

/// When a message is accepted or rejected: its confidence, and its label where one is named.
struct GateRule {
  double at_least = 0;
  std::optional<PlacedText> label;
  Port to;
};
struct AcceptRule : GateRule {
  static Fields<AcceptRule> fields();
};
struct RejectRule : GateRule {
  RejectRule() { to.when_open = OutcomeKind::rejected; }
  static Fields<RejectRule> fields();
};
struct EscalateRule {
  Port to{.when_open = OutcomeKind::abstained};
  static Fields<EscalateRule> fields();
};

struct GateOptions {
  ConfidenceOptions confidence;
  std::optional<AcceptRule> accept;
  std::optional<RejectRule> reject;
  EscalateRule escalate;
  std::optional<Share> audit;  ///< of what it lets through, sent up as well
  std::optional<DriftOptions> drift;
  std::optional<CertifyOptions> certify;  ///< behind a model that learns: sets the bar
  static Fields<GateOptions> fields();
};

/// What no confidence is above: 1 of a probability or share, 0 of a bare log-probability; empty where there
/// is no such bound.
std::optional<double> highest_confidence(const ConfidenceOptions& confidence);

/// How a gate is set; null for a node of another type.
const GateOptions* gate_options(const NodeSpec& node);

/// `gate`: rejects, accepts or escalates a message by its confidence, in this order. Evidence that is missing
/// escalates. Of what it would let through, a share may be escalated to be audited: it ends with the answer
/// of the tiers above, and the gate hears whether its own was as good. Behind a model that
/// learns, every message that is escalated becomes a lesson once it has ended.
class GateNode : public Node {
 public:
  using Options = GateOptions;

  /// Throws `ModelError` where the calibration cannot be used.
  GateNode(GateOptions options, const NodeContext& context);
  Exit process(Message& message) override;

  static void check(const GateOptions& options, CheckContext& context);

 private:
  std::optional<double> confidence(const Evidence& evidence) const;
  Bars bars() const;
  Way way_of(const Answer& answer, const Bars& bars) const;
  void follow(Message& message, bool is_audited, const Bars& bars) const;

  GateOptions options_;
  std::optional<Calibration> calibration_;  ///< empty: the signal as it is
  std::shared_ptr<GateWatch> watch_;        ///< null: it does not watch itself
  std::vector<Pupil> pupils_;
  std::unique_ptr<CertifiedBar> certified_bar_;  ///< null: the bar is the author's
};

}  // namespace slm
