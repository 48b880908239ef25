#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "models/calibration/fit.h"
#include "runtime/calibrate/uncalibrated.h"
#include "runtime/trials/trial.h"
#include "statistics/scoring.h"

namespace slm::runtime {

/// How good the confidences of a gate are.
struct ConfidenceQuality {
  std::vector<statistics::ScoredAnswer> answers;
  bool is_probability = true;  ///< else only their order says anything

  std::optional<double> calibration_error() const;  ///< this and the next two: empty of no probability
  std::optional<double> brier_score() const;
  std::optional<double> log_loss() const;
  std::optional<double> area_under_roc() const;
};

/// A bar of a signal that is no probability or share, and what stands for it now: as many of the lines reach
/// it.
struct MovedBar {
  std::string rule;  ///< `accept`
  double was = 0;
  double now = 0;
};

/// What became of a gate.
struct GateCalibration {
  UncalibratedGate gate;
  std::size_t examples = 0;     ///< answers that came to it of which it is known whether they are right
  std::size_t not_reached = 0;  ///< lines of which none did
  std::string why_not;          ///< where no calibration could be fitted: why
  std::optional<CalibrationFit> fit;
  Signal signal{SignalKind::max_prob};  ///< what `before` is of
  ConfidenceQuality before;
  ConfidenceQuality after;  ///< out of the fold
  std::vector<MovedBar> bars;

  /// Whether its `signal` is not what the calibration reads.
  bool loses_signal() const {
    return gate.has_signal && !(gate.signal && fit->calibration.signals == std::vector{*gate.signal});
  }
};

/// Fits the calibration of a gate to what its lines met there; `number` is its position in
/// `TrialRunner::gates`. An answer a line and model is taken, however many ways lead it there: all lines
/// count, whether or not the gates before let them through, for their bars may be set anew. Reads model
/// files, to bind it. What prevents a fit is in `why_not`.
GateCalibration calibrate_gate(const std::vector<Trial>& trials, std::size_t number,
                               const PipelineSpec& pipeline, const UncalibratedGate& gate,
                               const CalibrationOptions& options);

}  // namespace slm::runtime
