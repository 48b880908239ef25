#include <algorithm>
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

std::string rates_text(const ModelRates& rates) {
  std::vector<std::string> parts;
  const auto add = [&](double amount, const char* of) {
    if (amount > 0) parts.push_back(brief(amount) + of);
  };
  if (const auto& price = rates.price) {
    add(price->call, " a call");
    add(price->input, " a million tokens in");
    add(price->output, " a million out");
    add(price->hour, " an hour");
  }
  add(rates.watts, " W");
  return joined(parts);
}

std::string models_table(const PlanReport& plan) {
  using Align = Table::Align;
  const bool has_rates =
      std::ranges::any_of(plan.models, [](const auto& model) { return !model.rates.empty(); });
  std::vector<Table::Column> columns{{"model"},
                                     {"backend"},
                                     {"file"},
                                     {"architecture"},
                                     {"weights"},
                                     {"device"},
                                     {"size", Align::right},
                                     {"memory", Align::right}};
  if (has_rates) columns.push_back({"costs"});
  Table table{std::move(columns)};
  for (const auto& model : plan.models) {
    std::vector<std::string> cells{model.name, model.backend, "", "", "", "", "", ""};
    if (model.remote) {
      cells[2] = model.remote->name;
      cells[5] = model.remote->origin;
    } else if (model.info) {
      const auto& info = *model.info;
      cells = {model.name,
               model.backend,
               info.file.filename().string(),
               info.architecture,
               info.quantisation,
               device_text(model.device),
               bytes(info.file_bytes),
               bytes(info.memory_bytes) + (model.is_on_demand ? " on demand" : "")};
    } else if (!model.error.empty()) {
      cells[2] = "cannot be used";
    }
    if (has_rates) cells.push_back(rates_text(model.rates));
    table.add(std::move(cells));
  }
  return table.to_string(2);
}

std::string learning_text(const PlanReport::Model& model) {
  const learning::LearnerState& state = model.learning->state;
  std::string text = model.name + " learns: ";
  text.append(counted(state.lessons, "lesson")).append(" and ");
  text.append(counted(state.trainings, "training")).append(" so far in ");
  return text.append(model.learning->folder.string()).append("\n");
}

std::string variants_text(const PlanReport::Model& model) {
  std::string text;
  for (const auto& variant : model.variants)
    text.append(text.empty() ? model.name + " is " : ", ")
        .append(variant.file.path.filename().string())
        .append(" while ")
        .append(to_text(variant.when));
  return text.append(", else ").append(model.info->file.filename().string()).append("\n");
}

Json variants_json(const PlanReport::Model& model) {
  Json json = Json::array();
  for (const auto& variant : model.variants)
    json.push_back({{"file", variant.file.path.string()}, {"while", to_text(variant.when)}});
  return json;
}

std::string cache_text(const PlanReport::Model& model) {
  const cache::CacheOptions& cache = *model.cache;
  std::string text = model.name + " keeps its answers: at most ";
  text.append(grouped(static_cast<std::uint64_t>(cache.max_items))).append(" and ");
  text.append(bytes(cache.max_bytes.bytes));
  if (cache.expires) text.append(", for ").append(duration(*cache.expires));
  if (cache.file) text.append(", in ").append(cache.file->path.string());
  if (const auto& nearest = cache.nearest) {
    text.append("; near questions too, of a cosine of at least ").append(brief(nearest->at_least));
    text.append(" by ").append(nearest->model ? nearest->model->name : "words and letters");
    text.append(", until more than ")
        .append(brief(100 * nearest->max_error.value))
        .append(" % are wrong by an audit of ");
    text.append(brief(100 * nearest->audit.value)).append(" %");
  }
  return text.append("\n");
}

Json cache_json(const cache::CacheOptions& cache) {
  Json json = {
      {"max_items", cache.max_items}, {"max_bytes", cache.max_bytes.bytes}, {"normalise", cache.normalise}};
  if (cache.expires) json["expires_ms"] = cache.expires->count();
  if (cache.file) json["file"] = cache.file->path.string();
  if (const auto& nearest = cache.nearest)
    json["nearest"] = {{"model", nearest->model ? Json(nearest->model->name) : Json(nullptr)},
                       {"at_least", nearest->at_least},
                       {"audit", nearest->audit.value},
                       {"max_error", nearest->max_error.value}};
  return json;
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

std::string batch_text(const PlanReport::Model& model) {
  const BatchOptions& batch = *model.batch;
  std::string text = model.name + " asks in batches: at most ";
  text.append(grouped(static_cast<std::uint64_t>(batch.max_items))).append(" requests and ");
  text.append(bytes(batch.max_bytes)).append(", gathered for ").append(duration(batch.max_wait));
  text.append(", answered within ").append(batch.window).append(", looked at every ");
  return text.append(duration(batch.poll)).append("; journal in ").append(batch.journal.string()) + "\n";
}

Json batch_json(const BatchOptions& batch) {
  return {{"journal", batch.journal.string()}, {"max_items", batch.max_items},
          {"max_bytes", batch.max_bytes},      {"max_wait_ms", batch.max_wait.count()},
          {"poll_ms", batch.poll.count()},     {"window", batch.window},
          {"keep_ms", batch.keep.count()}};
}

}  // namespace

std::string to_text(const PlanReport& plan) {
  std::string text = plan.pipeline + ": ";
  text.append(counted(plan.nodes.size(), "node")).append(", ").append(counted(plan.models.size(), "model"));
  text.append(", ").append(bytes(memory_bytes(plan, ""))).append(" of memory; requests enter at ");
  text.append(plan.entry).append("\n\n").append(nodes_table(plan));
  if (!plan.models.empty()) text.append("\n").append(models_table(plan));
  for (const auto& model : plan.models) {
    if (model.learning) text.append("  ").append(learning_text(model));
    if (!model.variants.empty() && model.info) text.append("  ").append(variants_text(model));
    if (model.cache) text.append("  ").append(cache_text(model));
    if (model.batch) text.append("  ").append(batch_text(model));
    if (!model.error.empty())
      text.append("  ").append(model.name).append(": ").append(model.error).append("\n");
  }
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
    if (model.is_on_demand) entry["load"] = "on_demand";
    if (!model.variants.empty()) entry["variants"] = variants_json(model);
    if (const auto& price = model.rates.price)
      entry["price"] = {
          {"call", price->call}, {"input", price->input}, {"output", price->output}, {"hour", price->hour}};
    if (model.rates.watts > 0) entry["watts"] = model.rates.watts;
    if (model.remote) entry["remote"] = {{"model", model.remote->name}, {"server", model.remote->origin}};
    if (model.cache) entry["cache"] = cache_json(*model.cache);
    if (model.batch) entry["batch"] = batch_json(*model.batch);
    if (model.learning)
      entry["learning"] = {
          {"folder", model.learning->folder.string()},        {"lessons", model.learning->state.lessons},
          {"trainings", model.learning->state.trainings},     {"refused", model.learning->state.refused},
          {"rolled_back", model.learning->state.rolled_back}, {"serving", model.learning->state.serving}};
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
