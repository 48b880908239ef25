#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "evidence/signals.h"
#include "graph/registry.h"
#include "models/calibration.h"

namespace slm {

/// A signal as a pipeline file names it.
struct SignalOption {
  Signal signal{SignalKind::max_prob};
  static constexpr std::string_view kExpected =
      "a signal: max_prob, margin, entropy, min_token_prob, mean_logprob, quantile_logprob(0.1), "
      "first_token_margin "
      "or schema_valid";
  static SignalOption parse(std::string_view text);
};

struct ConfidenceOptions {
  SignalOption signal;
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
  static Fields<GateOptions> fields();
};

/// `gate`: rejects, accepts or escalates a message by its confidence, in this order. Evidence that is missing
/// escalates.
class GateNode : public Node {
 public:
  using Options = GateOptions;

  /// Throws `ModelError` where the calibration cannot be used.
  GateNode(GateOptions options, const NodeContext& context);
  Exit process(Message& message) override;

  static void check(const GateOptions& options, CheckContext& context);

 private:
  GateOptions options_;
  std::optional<Calibration> calibration_;
};

}  // namespace slm
