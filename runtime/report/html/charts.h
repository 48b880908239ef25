#pragma once

#include <optional>
#include <string>
#include <vector>

#include "statistics/interval.h"
#include "statistics/scoring.h"

/// The charts that an HtmlReport can hold. Numbers are finite. A note is a sentence or two for under the
/// chart, and may be empty.
namespace slm::runtime {

/// What quality costs: a curve of what can be had, with the points that matter.
struct FrontierChart {
  struct Point {
    double spend = 0;
    double quality = 0;
  };
  struct Mark {
    enum class Kind { chosen, before, all_escalated };
    Kind kind = Kind::chosen;
    std::string name;  ///< `tuned`
    Point at;
    std::optional<statistics::Interval> interval;  ///< of the quality
  };

  std::string title;
  std::string spend;    ///< its axis: `calls a line`
  std::string quality;  ///< its axis: `accuracy`
  std::vector<Point> curve;
  std::vector<Mark> marks;
  std::optional<double> wanted_quality;
  std::optional<double> most_spend;
  std::string note;
};

/// How often answers of a confidence are right, beside the diagonal where the two are the same.
struct ReliabilityChart {
  struct Bins {
    std::string name;  ///< `calibrated`
    std::vector<statistics::ReliabilityBin> bins;
  };

  std::string title;
  std::vector<Bins> series;  ///< before calibration and after, or one of the two
  std::string note;
};

/// The share wrong among the answers accepted, by how many are.
struct RiskCoverageChart {
  struct Curve {
    std::string name;
    std::vector<statistics::RiskCoverage> points;
  };

  std::string title;
  std::vector<Curve> curves;
  std::optional<statistics::RiskCoverage> chosen;  ///< with the bar that the gate has
  std::string note;
};

/// A bar a row, of parts that come to at most 1.
struct SharesChart {
  struct Row {
    std::string name;            ///< `tuned`
    std::vector<double> shares;  ///< parallel to the parts
  };

  std::string title;
  std::vector<std::string> parts;  ///< the tiers, from the smallest
  std::vector<Row> rows;
  std::string note;
};

}  // namespace slm::runtime
