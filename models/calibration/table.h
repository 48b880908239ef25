#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "models/calibration/fit.h"

namespace slm {

/// An example with the finite values of its signals.
struct CalibrationRow {
  const CalibrationExample* example;
  std::vector<double> values;
};

/// Examples as numbers, without what says nothing: see `CalibrationFit`.
struct CalibrationTable {
  std::vector<CalibrationRow> rows;
  std::vector<Signal> signals;  ///< of each row's values; at least one
  std::vector<Signal> dropped;
  std::size_t right = 0;

  bool has_labels() const;
};

/// Throws `CalibrationError` where nothing can be fitted to them. The table refers to the examples.
CalibrationTable tabulate(std::span<const CalibrationExample> examples, std::span<const Signal> signals);

}  // namespace slm
