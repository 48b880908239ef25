#include "graph/graph.h"

#include <algorithm>
#include <map>

#include "graph/remember.h"

namespace slm {
namespace {

using Models = std::map<std::string, std::shared_ptr<Resource>>;

class BuildContext : public NodeContext {
 public:
  BuildContext(const PipelineSpec& spec, const std::string& name, const Models& models,
               const GraphOptions& options)
      : spec_{spec}, name_{name}, models_{models}, options_{options} {}
  const std::string& node_name() const override { return name_; }
  std::shared_ptr<Resource> model(const std::string& name) const override { return models_.at(name); }
  ModelRates rates(const std::string& model) const override { return spec_.model(model)->rates; }
  std::function<void(const std::string&)> log() const override {
    return options_.log ? options_.log : NodeContext::log();
  }
  const PipelineSpec* pipeline() const override { return &spec_; }
  bool is_trial() const override { return options_.is_trial; }
  std::shared_ptr<Resource> store() const override {
    const auto found = options_.stores.find(name_);
    return found == options_.stores.end() ? nullptr : found->second;
  }
  std::stop_token input_ended() const override { return options_.input_ended; }
  std::stop_token leaving() const override { return options_.leaving; }

 private:
  const PipelineSpec& spec_;
  const std::string& name_;
  const Models& models_;
  const GraphOptions& options_;
};

/// Runs a factory that may throw anything; what it throws becomes a problem of that place.
template <class Make>
void attempt(std::vector<Problem>& problems, const PipelineSpec& spec, Place place, const std::string& what,
             const Make& make) {
  try {
    make();
  } catch (const std::exception& error) {
    problems.push_back({spec.file, place, what + ": " + error.what()});
  } catch (...) {
    problems.push_back({spec.file, place, what + ": something that is no std::exception was thrown"});
  }
}

bool is_here(const NodeSpec& node, const std::optional<ProcessPart>& part) {
  return !part || node.process == part->name;
}

Models opened_models(const PipelineSpec& spec, const GraphOptions& options,
                     const std::optional<ProcessPart>& part) {
  std::vector<Problem> problems;
  Models models;
  Models embedders;
  const auto embedder = [&](const std::string& name) {
    auto& opened = embedders[name];
    const ModelSpec& model = *spec.model(name);
    if (!opened) opened = model.type->open_embedder(model.options.get());
    return opened;
  };
  const ModelSurroundings surroundings{options.log ? options.log : [](const auto&) {}, options.leaving,
                                       embedder, options.is_trial};
  for (const ModelSpec& model : spec.models) {
    const bool is_used = std::ranges::any_of(spec.nodes, [&](const NodeSpec& node) {
      return is_here(node, part) && std::ranges::count(node.models, model.name) > 0;
    });
    if (!is_used) continue;
    attempt(problems, spec, model.place, "model `" + model.name + "`", [&] {
      std::shared_ptr<Resource> opened = model.type->open(model.options.get(), surroundings);
      if (model.type->keep && !options.is_trial)
        opened = model.type->keep(model, std::move(opened), surroundings);
      models[model.name] = options.wrap ? options.wrap(model, std::move(opened)) : std::move(opened);
    });
  }
  if (!problems.empty()) throw PipelineError{std::move(problems)};
  return models;
}

std::vector<PlannedPort> ports_of(const NodeSpec& node) {
  std::vector<PlannedPort> ports;
  for (const PortSpec& port : node.ports)
    ports.push_back({port.targets, port.when_open, port.gathered_by, port.name});
  return ports;
}

/// To every node of the pipeline, as `ProcessPart::crossing` says.
std::vector<PlannedPort> ways_back(const PipelineSpec& spec) {
  std::vector<PlannedPort> ports;
  for (std::size_t node = 0; node < spec.nodes.size(); ++node)
    ports.push_back({.targets = {node}, .when_open = {}, .gathered_by = {}, .name = spec.nodes[node].name});
  return ports;
}

/// Whether another node gives its answer where a process is out of reach.
bool is_answer_wanted(const PipelineSpec& spec, const NodeSpec& node) {
  return std::ranges::any_of(spec.nodes, [&](const NodeSpec& other) {
    return other.on_unreachable && other.on_unreachable->answer_from &&
           other.on_unreachable->answer_from->name == node.name;
  });
}

Plan plan_of(const Pipeline& pipeline, const GraphOptions& options, const std::optional<ProcessPart>& part) {
  const PipelineSpec& spec = pipeline.spec();
  const Models models = opened_models(spec, options, part);
  std::vector<Problem> problems;
  Plan plan;
  plan.entry = spec.entry;
  plan.owner = pipeline.shared_spec();
  for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
    const NodeSpec& node = spec.nodes[i];
    PlannedNode& planned = plan.nodes.emplace_back();
    planned.name = node.name;
    const bool is_local = is_here(node, part);
    attempt(problems, spec, node.place, "node `" + node.name + "`", [&] {
      planned.node = is_local
                         ? node.type->make_node(node.options, BuildContext{spec, node.name, models, options})
                         : part->crossing(i);
      if (is_local && options.wrap_node) planned.node = options.wrap_node(node, std::move(planned.node));
    });
    if (is_local && part && is_answer_wanted(spec, node))
      planned.node = remembering(std::move(planned.node), i);
    planned.ports = is_local ? ports_of(node) : ways_back(spec);
  }
  if (!problems.empty()) throw PipelineError{std::move(problems)};
  return plan;
}

GraphOptions with_defaults(GraphOptions options, const PipelineSpec& spec) {
  if (!options.timeout) options.timeout = spec.timeout;
  if (spec.privacy == Privacy::local) options.privacy = Privacy::local;
  return options;
}

}  // namespace

Graph::Graph(const Pipeline& pipeline, const GraphOptions& options, const std::optional<ProcessPart>& part)
    : engine_{std::make_unique<Engine>(plan_of(pipeline, options, part),
                                       with_defaults(options, pipeline.spec()))} {}

std::future<Outcome> Graph::submit(Request request) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> future = promise->get_future();
  engine_->submit(std::move(request), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
  return future;
}

void Graph::submit(Request request, Engine::Callback callback) {
  engine_->submit(std::move(request), std::move(callback));
}

bool Graph::try_submit(Request& request, Engine::Callback& callback) {
  return engine_->try_submit(request, callback);
}

}  // namespace slm
