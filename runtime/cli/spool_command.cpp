#include "runtime/cli/spool_command.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "nodes/link/spool_inspection.h"
#include "runtime/cli/console.h"
#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

bool take_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

link::SpoolId parse_id(const std::string& text) {
  const auto dash = text.find('-');
  link::SpoolId id;
  if (dash == std::string::npos || !take_number(std::string_view{text}.substr(0, dash), id.epoch) ||
      !take_number(std::string_view{text}.substr(dash + 1), id.sequence))
    throw UsageError("--drop: expected an id as --list shows it, e.g. 1785322222123-17, found `" + text +
                     "`");
  return id;
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data();
}

std::string utc(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// What was done to a spool, and what it holds now.
struct Report {
  bool was_checked = false;
  std::optional<link::SpoolRepair> repair;
  std::optional<std::uint64_t> dropped;
  link::SpoolSummary summary;
  std::vector<link::SpoolEntry> entries;
};

Report tend(const std::filesystem::path& file, const SpoolArguments& arguments,
            const std::vector<link::SpoolId>& ids) {
  Report report{.was_checked = arguments.is_repair};
  if (arguments.is_repair) report.repair = link::repair_spool(file);
  if (arguments.is_drop_all) report.dropped = link::drop_all_entries(file);
  if (!ids.empty()) report.dropped = link::drop_entries(file, ids);
  report.summary = link::summarize_spool(file);
  report.entries = link::first_entries(file, arguments.listed);
  return report;
}

std::string entries_in_words(std::uint64_t count) {
  return (count == 0 ? "no" : grouped(count)) + (count == 1 ? " entry" : " entries");
}

std::string used_by(const link::SpoolSummary& summary) {
  if (!summary.process) return "no process";
  return summary.process->empty() ? "a process" : "process " + *summary.process;
}

void print_done(const std::filesystem::path& file, const Report& report) {
  if (report.repair) {
    const auto lost = report.repair->lost ? grouped(*report.repair->lost) : "an unknown number";
    print_note(file.string() + ": repaired: " + grouped(report.repair->saved) + " saved, " + lost +
               " lost; the damaged file is " + report.repair->set_aside.string() + " (" +
               report.repair->damage + ")");
  } else if (report.was_checked) {
    print_note(file.string() + ": sound, nothing to repair");
  }
  if (report.dropped) print_note(file.string() + ": " + entries_in_words(*report.dropped) + " dropped");
}

std::string to_text(const std::filesystem::path& file, const Report& report) {
  const auto& summary = report.summary;
  auto text = file.string() + "\n  pipeline " + summary.pipeline + ", hash " +
              hexadecimal(summary.pipeline_hash) + "\n  epoch " + std::to_string(summary.epoch) +
              ", used by " + used_by(summary) + "\n  " + entries_in_words(summary.entries) + ", " +
              bytes(summary.bytes) + " in a file of " + bytes(summary.file_bytes) + "\n";
  Table destinations{{{"destination"},
                      {"entries", Align::right},
                      {"size", Align::right},
                      {"most attempts", Align::right},
                      {"oldest", Align::right}}};
  for (const auto& destination : summary.destinations)
    destinations.add({destination.name.empty() ? "–" : destination.name, grouped(destination.entries),
                      bytes(destination.bytes), grouped(destination.most_attempts),
                      duration(destination.oldest_age)});
  if (!destinations.empty()) text += destinations.to_string(2);
  Table entries{{{"id"},
                 {"destination"},
                 {"attempts", Align::right},
                 {"stored"},
                 {"header", Align::right},
                 {"payload", Align::right}}};
  for (const auto& entry : report.entries)
    entries.add({to_string(entry.id), entry.destination.empty() ? "–" : entry.destination,
                 std::to_string(entry.attempts), utc(entry.stored), bytes(entry.header.size()),
                 bytes(entry.payload.size())});
  if (!entries.empty()) text += entries.to_string(2);
  return text;
}

Json to_json(const std::filesystem::path& file, const Report& report, const SpoolArguments& arguments) {
  const auto& summary = report.summary;
  Json json = {{"file", file.string()},
               {"pipeline", summary.pipeline},
               {"pipeline_hash", hexadecimal(summary.pipeline_hash)},
               {"format", summary.format},
               {"epoch", summary.epoch},
               {"in_use", summary.process.has_value()},
               {"entries", summary.entries},
               {"bytes", summary.bytes},
               {"file_bytes", summary.file_bytes},
               {"destinations", Json::array()}};
  for (const auto& destination : summary.destinations)
    json["destinations"].push_back({{"name", destination.name},
                                    {"entries", destination.entries},
                                    {"bytes", destination.bytes},
                                    {"most_attempts", destination.most_attempts},
                                    {"oldest_age_ms", destination.oldest_age.count()}});
  if (arguments.listed > 0) json["first_entries"] = Json::array();
  for (const auto& entry : report.entries)
    json["first_entries"].push_back({{"id", to_string(entry.id)},
                                     {"destination", entry.destination},
                                     {"attempts", entry.attempts},
                                     {"stored", utc(entry.stored)},
                                     {"header_bytes", entry.header.size()},
                                     {"payload_bytes", entry.payload.size()}});
  if (report.was_checked) json["repaired"] = report.repair.has_value();
  if (report.repair) {
    json["repair"] = {{"damage", report.repair->damage},
                      {"saved", report.repair->saved},
                      {"lost", nullptr},
                      {"set_aside", report.repair->set_aside.string()}};
    if (report.repair->lost) json["repair"]["lost"] = *report.repair->lost;
  }
  if (report.dropped) json["dropped"] = *report.dropped;
  return json;
}

}  // namespace

int spool(const SpoolArguments& arguments) {
  std::vector<link::SpoolId> ids;
  for (const auto& text : arguments.dropped) ids.push_back(parse_id(text));
  if ((arguments.is_drop_all || !ids.empty()) && !arguments.is_sure)
    throw UsageError("what is dropped is lost for good, and its senders get no outcome: add --yes");
  Json json = {{"spools", Json::array()}};
  bool is_all_good = true;
  for (const auto& file : arguments.files) {
    try {
      const auto report = tend(file, arguments, ids);
      if (arguments.is_json) {
        json["spools"].push_back(to_json(file, report, arguments));
      } else {
        print_done(file, report);
        write_result(to_text(file, report));
      }
    } catch (const link::SpoolError& error) {
      print_error(error.what());
      json["spools"].push_back({{"file", file.string()}, {"error", error.what()}});
      is_all_good = false;
    }
  }
  if (arguments.is_json) write_result(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  return is_all_good ? kExitDone : kExitUsage;
}

}  // namespace slm::runtime
