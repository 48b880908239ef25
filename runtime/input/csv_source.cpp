#include "runtime/input/csv_source.h"

#include <algorithm>
#include <iterator>

#include "graph/format/nearest.h"
#include "runtime/input/csv_record.h"
#include "runtime/input/line_sources.h"
#include "runtime/input/request_json.h"
#include "runtime/input/request_members.h"

namespace slm::runtime {

CsvSource::CsvSource(ByteReader& bytes, SourceOptions options) : lines_{bytes}, options_{std::move(options)} {
  const auto header = next_record();
  if (!header) return;
  const auto at = "line " + std::to_string(header->line) + ": ";
  if (!header->problem.empty()) throw LineMistake(at + header->problem);
  header_ = header->values;
  if (std::ranges::find(header_, options_.text_field) == header_.end())
    throw LineMistake(at + "the header has no column `" + options_.text_field + "`, but " + listed(header_) +
                      "; --text-field names the one to use");
  for (auto name = header_.begin(); name != header_.end(); ++name)
    if (std::find(std::next(name), header_.end(), *name) != header_.end())
      throw LineMistake(at + "the header names `" + *name + "` twice");
}

std::optional<Line> CsvSource::next_line() {
  if (put_back_.empty()) return lines_.next();
  auto line = std::move(put_back_.front());
  put_back_.pop_front();
  return line;
}

std::optional<CsvSource::Record> CsvSource::next_record() {
  auto line = next_line();
  while (line && line->text.empty()) line = next_line();
  if (!line) return std::nullopt;
  Record found{.line = line->number, .begin = line->begin, .values = {}, .problem = {}, .written = {}};
  if (line->is_too_long) {
    found.problem = too_long_problem();
    return found;
  }

  if (options_.keeps_lines) found.written = line->text;
  CsvRecord record;
  std::deque<Line> run_through;
  std::size_t size_bytes = line->text.size();
  auto state = record.add(line->text);
  while (state == CsvRecord::State::needs_more) {
    auto more = next_line();
    const bool is_over = !more || more->is_too_long || size_bytes + more->text.size() > kMaxLineBytes;
    if (!is_over) {
      if (options_.keeps_lines) found.written.append("\n").append(more->text);
      size_bytes += more->text.size();
      state = record.add(more->text);
    }
    if (more) run_through.push_back(*std::move(more));
    if (is_over) break;
  }
  if (state == CsvRecord::State::complete) {
    found.values = std::move(record.values());
    return found;
  }
  found.problem =
      state == CsvRecord::State::broken
          ? record.problem()
          : "a quote is opened in field " + std::to_string(record.values().size()) + " and never closed";
  if (options_.keeps_lines) found.written = std::move(line->text);
  put_back_.insert(put_back_.begin(), std::make_move_iterator(run_through.begin()),
                   std::make_move_iterator(run_through.end()));
  return found;
}

void CsvSource::read_values(Record& record, InputItem& item) const {
  if (record.values.size() != header_.size()) {
    item.problem = "found " + std::to_string(record.values.size()) + " fields, expected the " +
                   std::to_string(header_.size()) + " of the header";
    return;
  }
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] == options_.text_field)
      item.request.text = std::move(record.values[i]);
    else
      read_text_member(header_[i], std::move(record.values[i]), item);
  }
}

std::optional<InputItem> CsvSource::next() {
  auto record = next_record();
  if (!record) return std::nullopt;
  auto item = item_at(record->line, record->begin, options_.priority);
  item.problem = record->problem;
  try {
    if (item.problem.empty()) read_values(*record, item);
  } catch (const LineMistake& mistake) {
    item.problem = mistake.what();
  }
  if (options_.keeps_lines)
    item.written = item.problem.empty() ? request_json(item.request, item.expectation, options_.text_field)
                                        : std::move(record->written);
  return item;
}

}  // namespace slm::runtime
