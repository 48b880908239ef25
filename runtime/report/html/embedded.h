#pragma once

#include <string_view>

/// What every report holds besides its figures; the build makes it of report.js, report.css and Chart.js.
namespace slm::runtime {

struct Embedded {
  std::string_view text;
  std::string_view hash;  ///< as a Content-Security-Policy names it: `sha256-…`
};

extern const Embedded kChartJs;
extern const Embedded kReportScript;
extern const Embedded kReportStyle;
extern const std::string_view kChartJsVersion;
extern const std::string_view kChartJsLicence;

}  // namespace slm::runtime
