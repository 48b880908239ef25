#include "graph/graph.h"

#include <map>

namespace slm {
namespace {

using Models = std::map<std::string, std::shared_ptr<Resource>>;

class BuildContext : public NodeContext {
 public:
  BuildContext(const std::string& name, const Models& models) : name_{name}, models_{models} {}
  const std::string& node_name() const override { return name_; }
  std::shared_ptr<Resource> model(const std::string& name) const override { return models_.at(name); }

 private:
  const std::string& name_;
  const Models& models_;
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

Plan plan_of(const PipelineSpec& spec) {
  std::vector<Problem> problems;
  Models models;
  for (const ModelSpec& model : spec.models)
    attempt(problems, spec, model.place, "model `" + model.name + "`",
            [&] { models[model.name] = model.type->open(model.options.get()); });
  if (!problems.empty()) throw PipelineError{std::move(problems)};

  Plan plan;
  plan.entry = spec.entry;
  for (const NodeSpec& node : spec.nodes) {
    PlannedNode& planned = plan.nodes.emplace_back();
    planned.name = node.name;
    attempt(problems, spec, node.place, "node `" + node.name + "`", [&] {
      planned.node = node.type->make_node(node.options, BuildContext{node.name, models});
    });
    for (const PortSpec& port : node.ports)
      planned.ports.push_back({port.targets, port.when_open, port.gathered_by, port.name});
  }
  if (!problems.empty()) throw PipelineError{std::move(problems)};
  return plan;
}

GraphOptions with_timeout(GraphOptions options, const PipelineSpec& spec) {
  if (!options.timeout) options.timeout = spec.timeout;
  return options;
}

}  // namespace

Graph::Graph(const Pipeline& pipeline, GraphOptions options)
    : engine_{std::make_unique<Engine>(plan_of(pipeline.spec()),
                                       with_timeout(std::move(options), pipeline.spec()))} {}

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
