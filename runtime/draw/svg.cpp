#include <algorithm>
#include <array>

#include "runtime/draw/drawing.h"
#include "runtime/draw/escaped.h"
#include "runtime/terminal.h"

namespace slm::runtime {
namespace {

constexpr int kBoxHeight = 44;
constexpr int kRowGap = 28;
constexpr int kColumnGap = 110;  // holds the ports' names
constexpr int kMargin = 20;
constexpr int kLetterWidth = 8;

struct Spot {
  int column = 0;
  int row = 0;
  int x = 0;
  int y = 0;
};

// A box stands one column right of the rightmost that points at it. Nodes have no cycle, so this settles.
std::vector<Spot> placed(const Drawing& drawing) {
  std::vector<Spot> spots(drawing.boxes.size());
  for (bool is_settled = false; !is_settled;) {
    is_settled = true;
    for (const auto& arrow : drawing.arrows) {
      const int column = spots[arrow.from].column + 1;
      if (spots[arrow.to].column >= column) continue;
      spots[arrow.to].column = column;
      is_settled = false;
    }
  }
  return spots;
}

int box_width(const Drawing& drawing) {
  std::size_t letters = 8;
  for (const auto& box : drawing.boxes)
    letters = std::max({letters, display_width(box.title), display_width(box.subtitle)});
  return static_cast<int>(letters) * kLetterWidth + 16;
}

std::string text_at(int x, int y, std::string_view text, std::string_view attributes) {
  return "  <text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" " +
         std::string{attributes} + ">" + escaped_markup(text) + "</text>\n";
}

std::string box_svg(const Drawing::Box& box, const Spot& spot, int width) {
  const int middle = spot.x + width / 2;
  std::string text = "  <rect x=\"" + std::to_string(spot.x) + "\" y=\"" + std::to_string(spot.y) +
                     "\" width=\"" + std::to_string(width) + "\" height=\"" + std::to_string(kBoxHeight) +
                     "\" rx=\"" + (box.ending ? "22" : "5") + "\" fill=\"" +
                     (box.ending ? "#eef3ee" : "#f6f8fc") + "\" stroke=\"#445\"/>\n";
  text += text_at(middle, spot.y + (box.subtitle.empty() ? 27 : 19), box.title, "text-anchor=\"middle\"");
  if (box.subtitle.empty()) return text;
  const auto place = box.process.empty() ? "" : " on " + box.process;
  return text + text_at(middle, spot.y + 35, box.subtitle + place,
                        "text-anchor=\"middle\" font-size=\"11\" fill=\"#667\"");
}

std::string arrow_svg(const Drawing::Arrow& arrow, const std::vector<Spot>& spots, int width) {
  const Spot& from = spots[arrow.from];
  const Spot& to = spots[arrow.to];
  const int x1 = from.x + width;
  const int y1 = from.y + kBoxHeight / 2;
  const int y2 = to.y + kBoxHeight / 2;
  const int bend = kColumnGap / 2;
  const auto point = [](int x, int y) { return std::to_string(x) + " " + std::to_string(y); };
  return "  <path d=\"M " + point(x1, y1) + " C " + point(x1 + bend, y1) + " " + point(to.x - bend, y2) +
         " " + point(to.x - 2, y2) + "\" fill=\"none\" stroke=\"#445\" marker-end=\"url(#tip)\"" +
         (arrow.is_link ? " stroke-dasharray=\"6 4\"" : "") + "/>\n" +
         (arrow.label.empty() ? ""
                              : text_at(to.x - 10, y2 - 6, arrow.label,
                                        "text-anchor=\"end\" font-size=\"11\" fill=\"#667\""));
}

}  // namespace

std::string to_svg(const Drawing& drawing) {
  auto spots = placed(drawing);
  int width = box_width(drawing);
  for (const auto& process : drawing.processes)
    width = std::max(width, box_width(drawing) + static_cast<int>(display_width(process) + 4) * 6);
  std::vector<int> rows;
  for (Spot& spot : spots) {
    rows.resize(std::max(rows.size(), static_cast<std::size_t>(spot.column) + 1));
    spot.row = rows[static_cast<std::size_t>(spot.column)]++;
    spot.x = kMargin + spot.column * (width + kColumnGap);
    spot.y = kMargin + spot.row * (kBoxHeight + kRowGap);
  }
  const int columns = static_cast<int>(rows.size());
  const int most_rows = rows.empty() ? 0 : std::ranges::max(rows);
  const auto size = "width=\"" + std::to_string(2 * kMargin + columns * (width + kColumnGap) - kColumnGap) +
                    "\" height=\"" +
                    std::to_string(2 * kMargin + most_rows * (kBoxHeight + kRowGap) - kRowGap) + "\"";
  std::string text =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size +
      " font-family=\"sans-serif\" font-size=\"13\">\n  <title>" + escaped_markup(drawing.name) +
      "</title>\n  <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" " +
      "markerHeight=\"8\" orient=\"auto\"><path d=\"M 0 0 L 8 4 L 0 8 z\" fill=\"#445\"/></marker></defs>\n" +
      "  <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (const auto& arrow : drawing.arrows) text += arrow_svg(arrow, spots, width);
  for (std::size_t i = 0; i < spots.size(); ++i) text += box_svg(drawing.boxes[i], spots[i], width);
  return text + "</svg>\n";
}

}  // namespace slm::runtime
