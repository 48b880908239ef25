#pragma once

#include <filesystem>
#include <vector>

#include "runtime/output/output_file.h"
#include "runtime/report/html/html_report.h"

namespace slm::runtime {

/// To be asked before the work that is reported on. Throws OutputError where the report is one of the files,
/// or cannot be written: no such folder, a device, standard output.
void check_report_file(const std::vector<FileInUse>& files, const std::filesystem::path& report);

/// Puts the report in the file's place at once. Throws `std::system_error`.
void write_report(const HtmlReport& report, const std::filesystem::path& file);

}  // namespace slm::runtime
