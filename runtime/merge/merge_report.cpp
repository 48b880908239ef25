#include "runtime/merge/merge_report.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

/// More of them tell nobody more.
constexpr std::size_t kMostTold = 5;

std::string name_of(const Shard& shard) {
  return std::to_string(shard.index) + "/" + std::to_string(shard.count);
}

std::string line_of(const std::string& kind, const SomeOutcomes& some) {
  if (some.count == 0) return "";
  auto text = "  " + kind + "  " + grouped(some.count) + ": ";
  for (const auto& [id, part] : some.first) {
    if (&id != &some.first.front().id_json) text += ", ";
    text += id;
    if (!part.empty()) text.append(" in ").append(part.string());
  }
  return text + (some.count > some.first.size() ? ", …\n" : "\n");
}

std::string shards_to_run(const MergeReport& report) {
  Table table{{{"missing", Table::Align::right}, {"run again"}}};
  for (const auto& [shard, count, part] : report.shards)
    table.add({grouped(count),
               "--shard " + name_of(shard) + (part.empty() ? "" : " --resume --output " + part.string())});
  return table.empty() ? "" : table.to_string(2);
}

Json to_json(const SomeOutcomes& some) {
  Json json = {{"count", some.count}, {"first", Json::array()}};
  for (const auto& [id, part] : some.first) {
    Json one = {{"id", Json::parse(id, nullptr, false)}};
    if (!part.empty()) one["part"] = part.string();
    json["first"].push_back(std::move(one));
  }
  return json;
}

}  // namespace

void SomeOutcomes::add(One one) {
  if (++count <= kMostTold) first.push_back(std::move(one));
}

std::string to_text(const MergeReport& report, const std::filesystem::path& output,
                    const Terminal& terminal) {
  if (report.is_interrupted) return "interrupted: nothing was written\n";
  if (report.is_whole())
    return painted(terminal, Paint::bold, output.string()) + ": " + counted(report.requests, "request") +
           ", each with its one outcome\n";
  auto text = painted(terminal, Paint::red, "not whole") + ", so " + output.string() +
              " was not written: " + counted(report.requests, "request") + ", " +
              counted(report.outcomes, "outcome") + "\n" + line_of("missing", report.missing) +
              line_of("doubled", report.doubled) + line_of("foreign", report.foreign);
  for (const auto& part : report.cut_off)
    text.append("  the last line of ").append(part.string()).append(" is cut off, and counts as missing\n");
  return text + shards_to_run(report);
}

std::string to_json(const MergeReport& report, const std::filesystem::path& output) {
  Json json = {{"output", output.string()},          {"merged", report.is_whole()},
               {"requests", report.requests},        {"outcomes", report.outcomes},
               {"missing", to_json(report.missing)}, {"doubled", to_json(report.doubled)},
               {"foreign", to_json(report.foreign)}, {"run_again", Json::array()},
               {"cut_off", Json::array()},           {"interrupted", report.is_interrupted}};
  for (const auto& [shard, count, part] : report.shards) {
    json["run_again"].push_back({{"shard", name_of(shard)}, {"missing", count}, {"part", nullptr}});
    if (!part.empty()) json["run_again"].back()["part"] = part.string();
  }
  for (const auto& part : report.cut_off) json["cut_off"].push_back(part.string());
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
