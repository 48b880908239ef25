#include "runtime/input/csv_record.h"

#include <algorithm>

namespace slm::runtime {

CsvRecord::State CsvRecord::fail(std::string problem) {
  problem_ = std::move(problem);
  return State::broken;
}

CsvRecord::State CsvRecord::add(std::string_view line) {
  if (is_in_quotes_)
    values_.back() += '\n';
  else
    values_.emplace_back();
  for (;;) {
    auto& value = values_.back();
    if (!is_in_quotes_ && value.empty() && line.starts_with('"')) {
      is_in_quotes_ = true;
      line.remove_prefix(1);
    }
    if (is_in_quotes_) {
      const auto quote = line.find('"');
      value += line.substr(0, quote);
      if (quote == std::string_view::npos) return State::needs_more;
      line.remove_prefix(quote + 1);
      if (line.starts_with('"')) {
        value += '"';
        line.remove_prefix(1);
        continue;
      }
      is_in_quotes_ = false;
      if (!line.empty() && line.front() != ',')
        return fail("text follows a closing quote in field " + std::to_string(values_.size()));
    } else {
      const auto plain = line.substr(0, line.find(','));
      if (plain.find('"') != std::string_view::npos)
        return fail("a quote stands in field " + std::to_string(values_.size()) +
                    ", which does not begin with one");
      value += plain;
      line.remove_prefix(plain.size());
    }
    if (line.empty()) return State::complete;
    line.remove_prefix(1);
    values_.emplace_back();
  }
}

}  // namespace slm::runtime
