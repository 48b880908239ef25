#pragma once

#include "runtime/calibrate/calibrate_report.h"
#include "runtime/report/html/html_report.h"

namespace slm::runtime {

/// The report of a calibration for people to look at, fitted or not.
HtmlReport html_report(const CalibrationReport& report);

}  // namespace slm::runtime
