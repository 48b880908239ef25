#include "runtime/report/html/drawn_chart.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;
using Kind = FrontierChart::Mark::Kind;

constexpr std::size_t kMostPoints = 200;  // more would not be seen apart

/// At most kMostPoints of them, the first and the last among them.
template <class Point>
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) return points;
  std::vector<Point> some;
  for (std::size_t i = 0; i < kMostPoints; ++i)
    some.push_back(points[i * (points.size() - 1) / (kMostPoints - 1)]);
  return some;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json point(double x, double y) {
  return {{"x", x}, {"y", y}};
}

Json share_axis(const std::string& title) {
  return {{"title", title}, {"from", 0}, {"to", 1}, {"percent", true}};
}

std::string share(double of_one) {
  return brief(100 * of_one) + " %";
}

/// A dashed line that something is to stay above, or left of.
Json rule(const std::string& name, Json from, Json to) {
  return {{"name", name}, {"look", "rule"}, {"points", {std::move(from), std::move(to)}}};
}

std::string look_of(Kind kind) {
  switch (kind) {
    case Kind::chosen:
      return "chosen";
    case Kind::before:
      return "before";
    case Kind::all_escalated:
      return "top";
  }
  return "";
}

struct Range {
  double low = 0;
  double high = 0;
};

template <class Number>
Range range_of(const FrontierChart& chart, Number number) {
  std::vector<double> numbers;
  for (const auto& on_curve : chart.curve) numbers.push_back(number(on_curve));
  for (const auto& mark : chart.marks) numbers.push_back(number(mark.at));
  if (numbers.empty()) return {};
  const auto [low, high] = std::ranges::minmax(numbers);
  return {low, high};
}

Json series_of(const FrontierChart& chart, const std::vector<FrontierChart::Point>& curve) {
  Json series = Json::array();
  for (const auto& mark : chart.marks) {
    Json at = point(mark.at.spend, mark.at.quality);
    if (mark.interval) at.update({{"low", mark.interval->low}, {"high", mark.interval->high}});
    series.push_back({{"name", mark.name}, {"look", look_of(mark.kind)}, {"points", {std::move(at)}}});
  }
  Json points = Json::array();
  for (const auto& on_curve : curve) points.push_back(point(on_curve.spend, on_curve.quality));
  series.push_back({{"name", "frontier"}, {"look", "curve"}, {"points", std::move(points)}});
  if (chart.wanted_quality) {
    const Range spend = range_of(chart, [](const auto& at) { return at.spend; });
    series.push_back(
        rule("wanted", point(spend.low, *chart.wanted_quality), point(spend.high, *chart.wanted_quality)));
  }
  if (chart.most_spend) {
    const Range quality = range_of(chart, [](const auto& at) { return at.quality; });
    series.push_back(
        rule("budget", point(*chart.most_spend, quality.low), point(*chart.most_spend, quality.high)));
  }
  return series;
}

std::string told(const FrontierChart& chart) {
  const auto place = [&](const FrontierChart::Point& at) {
    return chart.quality + " " + brief(at.quality) + ", " + chart.spend + " " + brief(at.spend);
  };
  std::string text = "Scatter chart of " + chart.quality + " by " + chart.spend + ". ";
  for (const auto& mark : chart.marks) text += mark.name + ": " + place(mark.at) + ". ";
  if (!chart.curve.empty())
    text += "The curve goes from " + place(chart.curve.front()) + " to " + place(chart.curve.back()) + ".";
  return text;
}

}  // namespace

DrawnChart drawn(const FrontierChart& chart) {
  const auto curve = thinned(chart.curve);
  Table data{{{"point"}, {chart.spend, Align::right}, {chart.quality, Align::right}}};
  for (const auto& mark : chart.marks) {
    std::string quality = brief(mark.at.quality);
    if (mark.interval)
      quality += " (" + brief(mark.interval->low) + " to " + brief(mark.interval->high) + ")";
    data.add({mark.name, brief(mark.at.spend), quality});
  }
  for (const auto& on_curve : curve) data.add({"frontier", brief(on_curve.spend), brief(on_curve.quality)});
  const Json json{{"kind", "points"},
                  {"x", {{"title", chart.spend}}},
                  {"y", {{"title", chart.quality}}},
                  {"series", series_of(chart, curve)}};
  return {chart.title, chart.note, told(chart), dumped(json), data};
}

DrawnChart drawn(const ReliabilityChart& chart) {
  std::size_t most = 1;
  for (const auto& [name, bins] : chart.series)
    for (const auto& bin : bins) most = std::max(most, bin.count);
  Table data{{{"series"}, {"confidence", Align::right}, {"right", Align::right}, {"answers", Align::right}}};
  Json series = Json::array();
  std::string alternative = "Scatter chart of the share of right answers by confidence. ";
  for (const auto& [name, bins] : chart.series) {
    Json points = Json::array();
    for (const auto& bin : bins) {
      data.add({name, brief(bin.mean_confidence), share(bin.accuracy), grouped(bin.count)});
      points.push_back(point(bin.mean_confidence, bin.accuracy));
      points.back()["size"] = static_cast<double>(bin.count) / static_cast<double>(most);
      points.back()["note"] = counted(bin.count, "answer");
    }
    // The last of several is what calibration has made of the first.
    const bool is_last = &bins == &chart.series.back().bins;
    series.push_back(
        {{"name", name}, {"look", is_last ? "bins" : "earlier bins"}, {"points", std::move(points)}});
    alternative += name + ": " + counted(bins.size(), "bin") + ", whose confidence is off by " +
                   brief(statistics::calibration_error(bins)) + " on average. ";
  }
  series.push_back(rule("as sure as right", point(0, 0), point(1, 1)));
  const Json json{{"kind", "points"},
                  {"x", {{"title", "confidence"}, {"from", 0}, {"to", 1}}},
                  {"y", share_axis("right")},
                  {"series", std::move(series)}};
  return {chart.title, chart.note, alternative, dumped(json), data};
}

DrawnChart drawn(const RiskCoverageChart& chart) {
  Table data{{{"series"},
              {"confidence from", Align::right},
              {"accepted", Align::right},
              {"wrong", Align::right},
              {"answers", Align::right}}};
  const auto add = [&](const std::string& name, const statistics::RiskCoverage& at) {
    data.add({name, brief(at.threshold), share(at.coverage), share(at.risk), grouped(at.accepted)});
  };
  Json series = Json::array();
  std::string alternative = "Line chart of the share wrong by the share accepted. ";
  if (chart.chosen) {
    add("chosen", *chart.chosen);
    series.push_back({{"name", "chosen"},
                      {"look", "chosen"},
                      {"points", {point(chart.chosen->coverage, chart.chosen->risk)}}});
    alternative += "Chosen: " + share(chart.chosen->coverage) + " accepted, of which " +
                   share(chart.chosen->risk) + " wrong. ";
  }
  for (const auto& [name, all] : chart.curves) {
    Json points = Json::array();
    for (const auto& at : thinned(all)) {
      add(name, at);
      points.push_back(point(at.coverage, at.risk));
      points.back()["note"] = "confidence from " + brief(at.threshold);
    }
    series.push_back({{"name", name}, {"look", "curve"}, {"points", std::move(points)}});
    if (!all.empty())
      alternative += name + ": of all answers, " + share(all.back().risk) +
                     " are wrong; the mean over all shares is " +
                     share(statistics::area_under_risk_coverage(all)) + ". ";
  }
  const Json json{{"kind", "points"},
                  {"x", share_axis("accepted")},
                  {"y", {{"title", "wrong, of those accepted"}, {"from", 0}, {"percent", true}}},
                  {"series", std::move(series)}};
  return {chart.title, chart.note, alternative, dumped(json), data};
}

DrawnChart drawn(const SharesChart& chart) {
  std::vector<Table::Column> columns{{""}};
  for (const auto& part : chart.parts) columns.push_back({part, Align::right});
  Table data{std::move(columns)};
  std::string alternative = "Bar chart of shares. ";
  Json rows = Json::array();
  for (const auto& [name, shares] : chart.rows) {
    std::vector<std::string> cells{name};
    alternative += name + ": ";
    for (std::size_t part = 0; part < shares.size(); ++part) {
      cells.push_back(share(shares[part]));
      alternative += (part == 0 ? "" : ", ") + chart.parts[part] + " " + cells.back();
    }
    alternative += ". ";
    data.add(std::move(cells));
    rows.push_back({{"name", name}, {"shares", shares}});
  }
  return {chart.title, chart.note, alternative,
          dumped({{"kind", "shares"}, {"parts", chart.parts}, {"rows", std::move(rows)}}), data};
}

}  // namespace slm::runtime
