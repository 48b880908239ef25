#include "runtime/report/html/report_file.h"

#include <span>
#include <system_error>

#include "models/replace_file.h"

namespace slm::runtime {

void check_report_file(const std::vector<FileInUse>& files, const std::filesystem::path& report) {
  if (report == "-") throw OutputError("a report is written to a file, not to standard output");
  refuse_to_overwrite(files, report);
  try {
    check_replaceable(report);
  } catch (const std::system_error& error) {
    throw OutputError(error.what());
  }
}

void write_report(const HtmlReport& report, const std::filesystem::path& file) {
  const std::string html = report.html();
  replace_file(file, std::as_bytes(std::span{html}), [](const std::filesystem::path&) {});
}

}  // namespace slm::runtime
