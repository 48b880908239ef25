#include "runtime/merge/merge.h"

#include <cmath>
#include <span>
#include <system_error>
#include <utility>

#include "runtime/merge/missing_shards.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;

}  // namespace

Merge::Merge(MergeOptions options)
    : options_{std::move(options)},
      input_{options_.inputs, options_.source, stop_.descriptor()},
      parts_{options_.parts} {
  std::vector<FileInUse> files;
  for (const auto& file : input_.files()) files.push_back({"the input", file});
  for (const auto& part : options_.parts) files.push_back({"a part", part});
  refuse_to_overwrite(files, options_.output);
  try {
    output_.emplace(options_.output);
  } catch (const std::system_error& error) {
    throw OutputError(error.what());
  }
}

MergeReport Merge::run() {
  MergeReport report;
  parts_.read([this] { return stop_.is_set(); });
  report.outcomes = parts_.count();
  MissingShards shards;
  std::string lines;
  const auto flush = [&] {
    output_->write(std::as_bytes(std::span{lines}));
    lines.clear();
  };
  while (!stop_.is_set()) {
    const auto item = input_.next();
    if (!item) break;
    const auto number = requests_++;
    const auto [line, part, is_single] = parts_.take(item->id_json);
    if (line.empty()) {
      report.missing.add({item->id_json});
      // Of several requests with one id it cannot be told which have their outcomes.
      if (is_single) shards.add_missing(number);
      continue;
    }
    if (is_single) shards.add_found(number, part);
    if (report.missing.count > 0) continue;
    lines.append(line).append("\n");
    if (lines.size() >= kWriteBytes) flush();
  }
  report.requests = requests_;
  report.is_interrupted = stop_.is_set();
  if (report.is_interrupted) return report;

  parts_.tell_left([&](std::string_view id, std::size_t part, bool is_doubled) {
    (is_doubled ? report.doubled : report.foreign).add({std::string{id}, options_.parts[part]});
  });
  report.shards = shards.found(options_.parts);
  for (const auto part : parts_.cut_off()) report.cut_off.push_back(options_.parts[part]);
  if (!report.is_whole()) return report;
  flush();
  output_->finish();
  return report;
}

ProgressState Merge::progress() const {
  ProgressState state{.done = parts_.lines_read() + requests_, .is_total_estimated = true};
  const auto read = parts_.bytes_read() + input_.bytes_read();
  const double grown =
      read > 0 ? static_cast<double>(parts_.size_bytes() + input_.size_bytes()) / static_cast<double>(read)
               : 0;
  if (input_.size_bytes() > 0)
    state.total = static_cast<std::uint64_t>(std::llround(static_cast<double>(state.done) * grown));
  return state;
}

}  // namespace slm::runtime
