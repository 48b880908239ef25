#include "runtime/report/html/html_report.h"

#include "runtime/draw/escaped.h"
#include "runtime/report/html/drawn_chart.h"
#include "runtime/report/html/embedded.h"

namespace slm::runtime {
namespace {

std::string element(std::string_view name, std::string_view text) {
  const std::string tag{name};
  return "<" + tag + ">" + escaped_markup(text) + "</" + tag + ">\n";
}

std::string table_html(const Table& table, const std::string& caption) {
  const auto cell = [&](std::size_t column, const std::string& text, std::string_view scope) {
    const bool is_heading = !scope.empty() && !text.empty();
    const bool is_number = table.columns()[column].align == Table::Align::right;
    std::string html = is_heading ? "<th scope=\"" + std::string{scope} + "\"" : "<td";
    html.append(is_number ? " class=\"number\">" : ">").append(escaped_markup(text));
    return html += is_heading ? "</th>" : "</td>";
  };
  // Wide tables scroll by themselves, which the keyboard must be able to do too.
  std::string html = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" +
                     escaped_markup(caption) + "\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < table.columns().size(); ++i) html += cell(i, table.columns()[i].title, "col");
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows()) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) html += cell(i, row[i], i == 0 ? "row" : "");
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string html_of(const TitledTable& section) {
  return "<section>\n" + element("h2", section.title) + table_html(section.table, section.title) +
         "</section>\n";
}

std::string html_of(const DrawnChart& chart) {
  // In a script element, `<` could end it or open a comment; in JSON it is only ever part of a text.
  constexpr std::pair<char, std::string_view> kLess[] = {{'<', "\\u003c"}};
  return "<figure>\n<figcaption>" + element("h2", chart.title) +
         (chart.note.empty() ? "" : element("p", chart.note)) +
         "</figcaption>\n<div class=\"plot\"><canvas role=\"img\" aria-label=\"" +
         escaped_markup(chart.alternative) + "\"></canvas></div>\n<script type=\"application/json\">" +
         escaped(chart.json, kLess) + "</script>\n<details><summary>The figures of this chart</summary>\n" +
         table_html(chart.data, "Figures of: " + chart.title) + "</details>\n</figure>\n";
}

template <class Chart>
std::string html_of(const Chart& chart) {
  return html_of(drawn(chart));
}

std::string policy() {
  const auto hash = [](const Embedded& part) { return " '" + std::string{part.hash} + "'"; };
  return "default-src 'none'; script-src" + hash(kChartJs) + hash(kReportScript) + "; style-src" +
         hash(kReportStyle) + "; base-uri 'none'; form-action 'none'";
}

std::string script(const Embedded& part) {
  return "<script>" + std::string{part.text} + "</script>\n";
}

}  // namespace

std::string HtmlReport::html() const {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy() + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += element("title", title) + "<style>" + std::string{kReportStyle.text} + "</style>\n</head>\n";
  html += "<body>\n<main>\n<header>\n" + element("h1", title);
  for (const std::string& paragraph : summary) html += element("p", paragraph);
  html +=
      "<noscript><p>Charts need JavaScript; the tables below them hold the same figures.</p></noscript>\n";
  html += "</header>\n";
  for (const Section& section : sections)
    html += std::visit([](const auto& of) { return html_of(of); }, section);
  html += "</main>\n<footer>\n<p>slm-graph " SLM_GRAPH_VERSION ". Charts are drawn by Chart.js " +
          std::string{kChartJsVersion} + ", which this file holds, under the MIT licence.</p>\n" +
          "<details><summary>The licence of Chart.js</summary>" + element("pre", kChartJsLicence) +
          "</details>\n</footer>\n";
  return html + script(kChartJs) + script(kReportScript) + "</body>\n</html>\n";
}

}  // namespace slm::runtime
