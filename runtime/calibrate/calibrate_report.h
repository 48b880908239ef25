#pragma once

#include <string>
#include <vector>

#include "runtime/calibrate/calibrate.h"
#include "runtime/report/table.h"

namespace slm::runtime {

/// What a calibration of a pipeline's gates was about, and what came of it.
struct CalibrationReport {
  std::string pipeline;  ///< its name
  std::string data;      ///< `1,000 lines of dev.jsonl`
  std::size_t without_label = 0;
  bool is_method_asked = false;
  std::vector<GateCalibration> gates;
  std::vector<std::string> kept;  ///< gates that are left as they are

  bool is_fitted() const;  ///< all gates are
};

/// Two rows a gate that was fitted: how good its confidence was, and how good it is.
Table quality_table(const CalibrationReport& report);
/// A row a method of a gate that was fitted.
Table methods_table(const GateCalibration& gate);

/// `platt of log_odds: the least log loss`
std::string method_text(const GateCalibration& gate, bool is_asked);
/// `1,000 answers, 873 right; 3 had no evidence`
std::string basis_text(const GateCalibration& gate);
/// What the reader must know or do, a sentence or two each.
std::vector<std::string> remarks(const CalibrationReport& report);

std::string to_text(const CalibrationReport& report);
/// One JSON object.
std::string to_json(const CalibrationReport& report);

}  // namespace slm::runtime
