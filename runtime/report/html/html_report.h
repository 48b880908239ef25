#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/report/html/charts.h"
#include "runtime/report/table.h"

namespace slm::runtime {

struct TitledTable {
  std::string title;
  Table table;
};

/// A report to look at: one HTML file that needs nothing else, no network either. All its text is escaped,
/// and its Content-Security-Policy lets nothing run but its own two scripts. The same values give the same
/// file.
struct HtmlReport {
  using Section = std::variant<TitledTable, FrontierChart, ReliabilityChart, RiskCoverageChart, SharesChart>;

  std::string title;
  std::vector<std::string> summary;  ///< a paragraph each
  std::vector<Section> sections;     ///< in this order

  void add(Section section) { sections.push_back(std::move(section)); }
  std::string html() const;
};

}  // namespace slm::runtime
