#include "runtime/trials/labelled_data.h"

#include <algorithm>

#include "runtime/input/line_problems.h"

namespace slm::runtime {

std::vector<InputItem> read_labelled_data(const std::vector<std::filesystem::path>& files,
                                          const SourceOptions& options) {
  std::vector<InputItem> lines;
  LineProblems problems;
  for (const auto& file : files) {
    ByteReader bytes{file};
    const auto source = make_source(bytes, file, options);
    while (auto item = source->next()) {
      if (item->problem.empty())
        lines.push_back(*std::move(item));
      else
        problems.add(file, item->line, item->problem);
    }
  }
  problems.check();
  if (lines.empty()) throw DataError(files.front().string() + ": it has no lines");
  return lines;
}

std::size_t count_labelled(const std::vector<InputItem>& lines) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [](const InputItem& line) { return !line.expectation.empty(); }));
}

}  // namespace slm::runtime
