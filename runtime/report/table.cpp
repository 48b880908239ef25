#include "runtime/report/table.h"

#include <algorithm>

#include "runtime/terminal.h"

namespace slm::runtime {

std::string Table::to_string(std::size_t indent) const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(display_width(titles[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  const auto add_row = [&](const std::vector<std::string>& cells) {
    text.append(indent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - display_width(cells[i]), ' ');
      text += i == 0 ? "" : "  ";
      text += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add_row(titles);
  for (const auto& row : rows_) add_row(row);
  return text;
}

}  // namespace slm::runtime
