#include "runtime/input/line_sources.h"

#include "runtime/input/json_request.h"
#include "runtime/input/plain_request.h"
#include "runtime/input/request_json.h"

namespace slm::runtime {
namespace {

std::optional<Line> next_with_text(LineReader& lines) {
  auto line = lines.next();
  while (line && !line->is_too_long && line->text.find_first_not_of(" \t") == std::string::npos)
    line = lines.next();
  return line;
}

}  // namespace

InputItem item_at(std::uint64_t line_number, std::uint64_t begin, Priority priority) {
  InputItem item;
  item.line = line_number;
  item.begin = begin;
  item.id_json = std::to_string(line_number);
  item.request.id = item.id_json;
  item.request.priority = priority;
  return item;
}

std::string too_long_problem() {
  return "longer than " + std::to_string(kMaxLineBytes >> 20) + " MiB";
}

std::optional<InputItem> JsonLinesSource::next() {
  auto line = next_with_text(lines_);
  if (!line) return std::nullopt;
  auto item = item_at(line->number, line->begin, options_.priority);
  if (line->is_too_long) {
    item.problem = too_long_problem();
    return item;
  }
  if (!read_plain_request(line->text, options_.text_field, item))
    read_json_request(line->text, options_.text_field, item);
  if (options_.keeps_lines) item.written = std::move(line->text);
  return item;
}

std::optional<InputItem> TextLinesSource::next() {
  auto line = next_with_text(lines_);
  if (!line) return std::nullopt;
  auto item = item_at(line->number, line->begin, options_.priority);
  if (line->is_too_long) {
    item.problem = too_long_problem();
    return item;
  }
  item.request.text = std::move(line->text);
  if (options_.keeps_lines) item.written = request_json(item.request, item.expectation, options_.text_field);
  return item;
}

}  // namespace slm::runtime
