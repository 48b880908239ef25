#pragma once

#include "runtime/report/html/html_report.h"
#include "runtime/tune/tune_report.h"

namespace slm::runtime {

/// The report of a tuning for people to look at, reached or not.
HtmlReport html_report(const TuneSubject& subject, const TuneOptions& options, const TuneResult& result);

}  // namespace slm::runtime
