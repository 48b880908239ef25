#include "nodes/link/process.h"

#include <algorithm>

#include "graph/placement.h"
#include "nodes/link/crossing.h"

namespace slm::link {
namespace {

const ProcessSpec& process_of(const PipelineSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.processes, name, &ProcessSpec::name);
  if (found == spec.processes.end()) throw std::invalid_argument("no process `" + name + "` in the pipeline");
  return *found;
}

std::string connect_address(const ProcessSpec& callee, const ProcessOptions& options) {
  const auto given = options.connect.find(callee.name);
  if (given != options.connect.end()) return given->second;
  std::string address = callee.address().text();
  // Who listens everywhere is found here, where nothing else is said.
  if (const auto any = address.find("://*:"); any != std::string::npos)
    address.replace(any + 3, 1, "127.0.0.1");
  return address;
}

ClientOptions client_options(const PipelineSpec& spec, const ProcessOptions& options,
                             const std::string& callee) {
  ClientOptions client;
  client.process = options.name;
  client.callee = callee;
  client.connect = connect_address(process_of(spec, callee), options);
  client.pipeline_hash = placement_hash(spec);
  client.heartbeat = options.heartbeat;
  client.out_of_reach = options.out_of_reach;
  client.log = options.log;
  return client;
}

ServerOptions server_options(const PipelineSpec& spec, const ProcessOptions& options) {
  ServerOptions server;
  server.listen =
      options.listen.empty() ? process_of(spec, options.name).listen.value().text() : options.listen;
  server.callee.process = options.name;
  server.callee.pipeline_hash = placement_hash(spec);
  server.callee.heartbeat = options.heartbeat;
  server.log = options.log;
  return server;
}

}  // namespace

Process::Process(const Pipeline& pipeline, ProcessOptions options) {
  const PipelineSpec& spec = pipeline.spec();
  process_of(spec, options.name);
  bool is_called = false;
  for (const Call& call : calls_of(spec)) {
    is_called |= call.callee == options.name;
    if (call.caller == options.name)
      clients_[call.callee] =
          std::make_shared<LinkClient>(pipeline, client_options(spec, options, call.callee));
  }
  const auto crossing = [&](std::size_t target) -> std::unique_ptr<AsyncNode> {
    const auto client = clients_.find(spec.nodes[target].process);
    return std::make_unique<Crossing>(pipeline, options.name, target,
                                      client == clients_.end() ? nullptr : client->second);
  };
  graph_ = std::make_unique<Graph>(pipeline, options.graph, ProcessPart{options.name, crossing});
  if (is_called) server_ = std::make_unique<LinkServer>(pipeline, server_options(spec, options), *graph_);
}

Process::~Process() {
  server_.reset();
  graph_.reset();
}

void Process::leave() {
  if (server_) server_->leave();
}

void Process::finish() {
  if (server_) server_->finish();
}

std::map<std::string, ClientStats> Process::client_stats() const {
  std::map<std::string, ClientStats> stats;
  for (const auto& [callee, client] : clients_) stats[callee] = client->stats();
  return stats;
}

}  // namespace slm::link
