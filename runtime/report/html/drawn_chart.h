#pragma once

#include <string>

#include "runtime/report/html/charts.h"
#include "runtime/report/table.h"

namespace slm::runtime {

/// A chart as the page has it.
struct DrawnChart {
  std::string title;
  std::string note;
  std::string alternative;  ///< what it shows, for who cannot see it
  std::string json;         ///< what report.js draws, as its own comment tells
  Table data;               ///< the same in figures; of long curves some 200 points
};

DrawnChart drawn(const FrontierChart& chart);
DrawnChart drawn(const ReliabilityChart& chart);
DrawnChart drawn(const RiskCoverageChart& chart);
DrawnChart drawn(const SharesChart& chart);

}  // namespace slm::runtime
