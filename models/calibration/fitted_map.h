#pragma once

#include <span>

#include "models/calibration/calibration.h"
#include "models/calibration/table.h"

namespace slm {

/// The map of one method that fits the rows best; at least one row, whose values are finite. Probabilities of
/// 0 and 1 are never learnt: targets and steps keep away from them as Platt 1999 does, since examples are
/// finitely many.
CalibrationMap fitted_map(CalibrationMethod method, std::span<const CalibrationRow* const> rows);

}  // namespace slm
