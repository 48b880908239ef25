#include "runtime/output/outcome_sink.h"

#include "runtime/output/json_lines_sink.h"
#include "runtime/output/sqlite_sink.h"

namespace slm::runtime {

OutputFormat format_of_output(const std::filesystem::path& file) {
  const auto extension = file.extension();
  const bool is_database = extension == ".db" || extension == ".sqlite" || extension == ".sqlite3";
  return is_database ? OutputFormat::sqlite : OutputFormat::jsonl;
}

std::unique_ptr<OutcomeSink> open_output(const std::filesystem::path& file, OutputFormat format) {
  if (format == OutputFormat::automatic) format = format_of_output(file);
  if (format == OutputFormat::sqlite) return std::make_unique<SqliteSink>(file);
  return std::make_unique<JsonLinesSink>(file);
}

}  // namespace slm::runtime
