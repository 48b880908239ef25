#pragma once

#include "runtime/evaluate/evaluation_report.h"
#include "runtime/report/html/html_report.h"

namespace slm::runtime {

/// The report of an evaluation, or a comparison, for people to look at.
HtmlReport html_report(const EvaluationReport& report);

}  // namespace slm::runtime
