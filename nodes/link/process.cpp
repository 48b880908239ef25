#include "nodes/link/process.h"

#include <algorithm>

#include "graph/placement.h"
#include "nodes/link/crossing.h"
#include "nodes/link/resume.h"

namespace slm::link {
namespace {

const ProcessSpec& process_of(const PipelineSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.processes, name, &ProcessSpec::name);
  if (found == spec.processes.end()) throw std::invalid_argument("no process `" + name + "` in the pipeline");
  return *found;
}

Endpoint connect_endpoint(const ProcessSpec& callee, const ProcessOptions& options) {
  const auto given = options.connect.find(callee.name);
  return given != options.connect.end() ? Endpoint::parse(given->second) : callee.address();
}

std::size_t compress_above(const ProcessSpec& process) {
  return process.compress_above ? static_cast<std::size_t>(*process.compress_above) : SIZE_MAX;
}

ClientOptions client_options(const PipelineSpec& spec, const ProcessOptions& options,
                             const std::string& callee) {
  ClientOptions client;
  client.process = options.name;
  client.callee = callee;
  const ProcessSpec& server = process_of(spec, callee);
  client.connect = connect_endpoint(server, options);
  client.connecting = connecting(spec, process_of(spec, options.name), server, client.connect);
  client.pipeline_hash = placement_hash(spec);
  client.heartbeat = options.heartbeat.value_or(server.heartbeat);
  client.compress_above = compress_above(process_of(spec, options.name));
  client.out_of_reach = options.out_of_reach;
  client.breaker = server.breaker;
  client.log = options.log;
  return client;
}

CalleeOptions callee_options(const PipelineSpec& spec, const ProcessOptions& options) {
  const ProcessSpec& process = process_of(spec, options.name);
  CalleeOptions callee;
  callee.process = options.name;
  for (const Call& call : calls_of(spec))
    if (call.callee == options.name) callee.callers.push_back(call.caller);
  callee.pipeline_hash = placement_hash(spec);
  callee.heartbeat = options.heartbeat.value_or(process.heartbeat);
  callee.window = static_cast<std::uint32_t>(process.window);
  callee.batch_window = static_cast<std::uint32_t>(process.batch_window);
  callee.rate = process.rate;
  callee.allow_other_pipelines = process.allow_other_pipelines;
  return callee;
}

/// `process` is the one that listens, or the dispatcher of one with workers.
ListenerOptions listener_options(const PipelineSpec& spec, const ProcessSpec& process, const Endpoint& listen,
                                 const ProcessOptions& options) {
  ListenerOptions listener;
  listener.process = options.name;
  listener.listen = listen;
  listener.listening = listening(spec, process, listen);
  listener.compress_above = compress_above(process);
  listener.log = options.log;
  return listener;
}

ServerOptions server_options(const PipelineSpec& spec, const ProcessOptions& options) {
  const ProcessSpec& process = process_of(spec, options.name);
  ServerOptions server;
  const Endpoint listen = options.listen.empty() ? process.listen.value() : Endpoint::parse(options.listen);
  server.listener = listener_options(spec, process, listen, options);
  server.callee = callee_options(spec, options);
  if (!process.workers) return server;
  server.workers = listener_options(spec, process.dispatcher(), process.workers->listen, options);
  server.pool.process = options.name;
  server.pool.pipeline_hash = server.callee.pipeline_hash;
  server.pool.allow_other_pipelines = process.allow_other_pipelines;
  server.pool.heartbeat = server.callee.heartbeat;
  server.pool.max_attempts = process.workers->attempts;
  server.pool.hedge_after = process.workers->hedge_after;
  return server;
}

WorkerOptions worker_options(const PipelineSpec& spec, const ProcessOptions& options) {
  constexpr std::size_t kDispatchers = 16;  // that it still has work of, since each connection is a new one
  const ProcessSpec& process = process_of(spec, options.name);
  const ProcessSpec dispatcher = process.dispatcher();
  const auto given = options.connect.find(options.name);
  WorkerOptions worker;
  worker.dialler.connect =
      given != options.connect.end() ? Endpoint::parse(given->second) : dispatcher.address();
  worker.dialler.connecting = connecting(spec, process.worker(), dispatcher, worker.dialler.connect);
  worker.dialler.patience = options.out_of_reach;
  worker.dialler.compress_above = compress_above(process);
  worker.callee = callee_options(spec, options);
  worker.callee.callers = {options.name};
  worker.callee.window = worker.callee.batch_window = static_cast<std::uint32_t>(process.workers->window);
  worker.callee.rate = 0;
  worker.callee.max_callers = kDispatchers;
  worker.log = options.log;
  return worker;
}

SpoolOptions spool_options(const ProcessOptions& options, const std::string& callee) {
  SpoolOptions spool;
  spool.before_removals = options.before_forgetting;
  spool.on_repaired = [log = options.log, callee](const SpoolRepair& repair) {
    log("the spool for process `" + callee + "` was damaged (" + repair.damage + "); " +
        std::to_string(repair.saved) + " messages saved, the file set aside as " + repair.set_aside.string());
  };
  spool.on_dropped = [log = options.log, callee](const SpoolId& id, SpoolDrop) {
    log("message " + to_string(id) + " for process `" + callee + "` was dropped from its spool: too old");
  };
  return spool;
}

}  // namespace

Process::Process(const Pipeline& pipeline, ProcessOptions options) {
  const PipelineSpec& spec = pipeline.spec();
  const bool has_workers = process_of(spec, options.name).workers.has_value();
  if (options.is_worker && !has_workers)
    throw std::invalid_argument("process `" + options.name + "` has no `workers` in the pipeline");
  if (has_workers && !options.is_worker) {
    server_ = std::make_unique<LinkServer>(pipeline, server_options(spec, options), nullptr);
    return;
  }
  bool is_called = false;
  for (const Call& call : calls_of(spec)) {
    is_called |= call.callee == options.name;
    if (call.caller != options.name) continue;
    ClientOptions client = client_options(spec, options, call.callee);
    if (!options.spool.empty()) {
      client.custody = Custody::open(options.spool / (call.callee + ".spool"), pipeline, call.callee,
                                     spool_options(options, call.callee));
      client.instance = client.custody->instance();
      custodies_.push_back(client.custody);
    }
    clients_[call.callee] = std::make_shared<LinkClient>(pipeline, std::move(client));
  }
  const auto crossing = [&](std::size_t target) -> std::unique_ptr<AsyncNode> {
    const auto client = clients_.find(spec.nodes[target].process);
    return std::make_unique<Crossing>(pipeline, options.name, target,
                                      client == clients_.end() ? nullptr : client->second);
  };
  graph_ = std::make_unique<Graph>(pipeline, options.graph, ProcessPart{options.name, crossing});
  if (options.is_worker)
    worker_ = std::make_unique<LinkWorker>(pipeline, worker_options(spec, options), *graph_);
  else if (is_called)
    server_ = std::make_unique<LinkServer>(pipeline, server_options(spec, options), graph_.get());
}

Process::~Process() {
  worker_.reset();
  server_.reset();
  graph_.reset();
  clients_.clear();  // before the spools, which their calls are in
}

std::uint64_t Process::left() const {
  std::uint64_t left = 0;
  for (const auto& custody : custodies_) left += custody->left();
  return left;
}

void Process::resume(const std::function<bool(Message&)>& wanted,
                     const std::function<Engine::Callback(const Message&)>& callback) {
  for (const auto& custody : custodies_) link::resume(*custody, *graph_, wanted, callback);
}

void Process::leave() {
  if (server_) server_->leave();
  if (worker_) worker_->leave();
}

void Process::finish() {
  if (server_) server_->finish();
  if (worker_) worker_->finish();
}

void Process::give_up() {
  if (graph_)
    graph_->cancel();
  else
    server_->give_up();
}

std::map<std::string, ClientStats> Process::client_stats() const {
  std::map<std::string, ClientStats> stats;
  for (const auto& [callee, client] : clients_) stats[callee] = client->stats();
  return stats;
}

}  // namespace slm::link
