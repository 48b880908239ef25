#include <nlohmann/json.hpp>

#include "runtime/explain/plan_report.h"
#include "runtime/report/model_json.h"
#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& parts, std::string_view between = ", ") {
  std::string text;
  for (const auto& part : parts) text.append(text.empty() ? "" : between).append(part);
  return text;
}

std::string device_text(const std::optional<ModelDevice>& device) {
  if (!device) return "";
  return device->threads == 0
             ? device->name
             : device->name + ", " + counted(static_cast<std::uint64_t>(device->threads), "thread");
}

std::string models_table(const PlanReport& plan) {
  using Align = Table::Align;
  Table table{{{"model"},
               {"backend"},
               {"file"},
               {"architecture"},
               {"weights"},
               {"device"},
               {"size", Align::right},
               {"memory", Align::right}}};
  for (const auto& model : plan.models) {
    if (model.remote) {
      table.add({model.name, model.backend, model.remote->name, "", "", model.remote->origin, "", ""});
      continue;
    }
    if (!model.info) {
      table.add({model.name, model.backend, model.error.empty() ? "" : "cannot be used", "", "", "", "", ""});
      continue;
    }
    const auto& info = *model.info;
    table.add({model.name, model.backend, info.file.filename().string(), info.architecture, info.quantisation,
               device_text(model.device), bytes(info.file_bytes), bytes(info.memory_bytes)});
  }
  return table.to_string(2);
}

std::string exits_text(const PlanReport::Node& node) {
  std::vector<std::string> exits;
  for (const auto& exit : node.exits)
    exits.push_back((node.exits.size() > 1 ? exit.port + " → " : "→ ") + joined(exit.to, " + "));
  return joined(exits);
}

std::string nodes_table(const PlanReport& plan) {
  const bool has_processes = !plan.processes.empty();
  std::vector<Table::Column> columns{{"node"}, {"type"}, {"model"}};
  if (has_processes) columns.push_back({"process"});
  columns.push_back({"exits"});
  columns.push_back({"options"});
  Table table{std::move(columns)};
  for (const auto& node : plan.nodes) {
    std::vector<std::string> cells{node.name, node.type, joined(node.models)};
    if (has_processes) cells.push_back(node.process);
    cells.push_back(exits_text(node));
    cells.push_back(node.options);
    table.add(std::move(cells));
  }
  return table.to_string(2);
}

std::string links_table(const PlanReport& plan) {
  Table table{{{"link"}, {"to nodes"}, {"at"}, {"speaks"}}};
  for (const auto& link : plan.links)
    table.add({link.caller + " → " + link.callee, joined(link.nodes), link.address, link.security});
  for (const auto& pool : plan.pools)
    table.add({pool.process + " → its workers", std::to_string(pool.window) + " messages each", pool.address,
               pool.security});
  return table.to_string(2);
}

}  // namespace

std::string to_text(const PlanReport& plan) {
  std::string text = plan.pipeline + ": ";
  text.append(counted(plan.nodes.size(), "node")).append(", ").append(counted(plan.models.size(), "model"));
  text.append(", ").append(bytes(memory_bytes(plan, ""))).append(" of memory; requests enter at ");
  text.append(plan.entry).append("\n\n").append(nodes_table(plan));
  if (!plan.models.empty()) text.append("\n").append(models_table(plan));
  for (const auto& model : plan.models)
    if (!model.error.empty())
      text.append("  ").append(model.name).append(": ").append(model.error).append("\n");
  if (plan.processes.empty()) return text;
  Table table{{{"process"}, {"memory", Table::Align::right}}};
  for (const auto& process : plan.processes) table.add({process, bytes(memory_bytes(plan, process))});
  text.append("\n").append(table.to_string(2));
  return plan.links.empty() ? text : text.append("\n").append(links_table(plan));
}

std::string to_json(const PlanReport& plan) {
  Json json = {
      {"pipeline", plan.pipeline},  {"entry", plan.entry},     {"memory_bytes", memory_bytes(plan, "")},
      {"processes", Json::array()}, {"models", Json::array()}, {"nodes", Json::array()}};
  for (const auto& process : plan.processes)
    json["processes"].push_back({{"name", process}, {"memory_bytes", memory_bytes(plan, process)}});
  json["links"] = Json::array();
  for (const auto& link : plan.links)
    json["links"].push_back({{"caller", link.caller},
                             {"callee", link.callee},
                             {"address", link.address},
                             {"security", link.security},
                             {"nodes", link.nodes}});
  json["pools"] = Json::array();
  for (const auto& pool : plan.pools)
    json["pools"].push_back({{"process", pool.process},
                             {"address", pool.address},
                             {"security", pool.security},
                             {"window", pool.window}});
  for (const auto& model : plan.models) {
    auto& entry = json["models"].emplace_back(Json{{"name", model.name}, {"backend", model.backend}});
    if (model.info) entry["file"] = model_json(*model.info);
    if (model.device) {
      entry["device"] = model.device->name;
      entry["threads"] = model.device->threads == 0 ? Json(nullptr) : Json(model.device->threads);
    }
    if (model.remote) entry["remote"] = {{"model", model.remote->name}, {"server", model.remote->origin}};
    if (!model.error.empty()) entry["error"] = model.error;
  }
  for (const auto& node : plan.nodes) {
    auto& entry = json["nodes"].emplace_back(Json{{"name", node.name},
                                                  {"type", node.type},
                                                  {"models", node.models},
                                                  {"process", node.process},
                                                  {"options", node.options},
                                                  {"exits", Json::array()}});
    for (const auto& exit : node.exits) entry["exits"].push_back({{"port", exit.port}, {"to", exit.to}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
