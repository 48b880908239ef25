#include "runtime/input/line_sources.h"

#include "runtime/input/json_request.h"

namespace slm::runtime {
namespace {

std::optional<Line> next_with_text(LineReader& lines) {
  auto line = lines.next();
  while (line && !line->is_too_long && line->text.find_first_not_of(" \t") == std::string::npos)
    line = lines.next();
  return line;
}

}  // namespace

InputItem item_at(std::uint64_t line_number) {
  InputItem item;
  item.line = line_number;
  item.id_json = std::to_string(line_number);
  item.request.id = item.id_json;
  return item;
}

std::string too_long_problem() {
  return "longer than " + std::to_string(kMaxLineBytes >> 20) + " MiB";
}

std::optional<InputItem> JsonLinesSource::next() {
  const auto line = next_with_text(lines_);
  if (!line) return std::nullopt;
  auto item = item_at(line->number);
  if (line->is_too_long)
    item.problem = too_long_problem();
  else
    read_json_request(line->text, text_field_, item);
  return item;
}

std::optional<InputItem> TextLinesSource::next() {
  auto line = next_with_text(lines_);
  if (!line) return std::nullopt;
  auto item = item_at(line->number);
  if (line->is_too_long)
    item.problem = too_long_problem();
  else
    item.request.text = std::move(line->text);
  return item;
}

}  // namespace slm::runtime
