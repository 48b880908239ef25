#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/endpoint.h"
#include "graph/problems.h"
#include "graph/rates.h"
#include "graph/registry.h"

namespace slm {

/// When messages are kept from a process that is there but goes on failing them.
struct BreakerSpec {
  int failures = 10;  ///< in a row; 0: never
  std::chrono::milliseconds retry_after{5000};
  static Fields<BreakerSpec> fields();
};

/// Processes that do the work of one: they connect to it, and it gives them what others send it.
struct WorkersSpec {
  Endpoint listen;                        ///< what the process binds for them
  std::optional<Endpoint> connect;        ///< where they find it; empty: `listen`
  std::optional<MachinePath> secret_key;  ///< of a worker
  std::optional<MachinePath> authorized_clients;
  int window = 16;  ///< messages that each has at once
  int attempts = 5;
  std::optional<double> hedge_after;
  static Fields<WorkersSpec> fields();
};

struct ProcessSpec {
  std::string name;
  Place place;
  std::optional<Endpoint> listen;   ///< what it binds; empty: it only connects
  std::optional<Endpoint> connect;  ///< where others find it; empty: `listen`
  std::optional<MachinePath> secret_key;
  std::optional<FilePath> public_key;
  std::optional<MachinePath> authorized_clients;
  bool insecure = false;
  bool is_durable = true;
  std::optional<MachinePath> spool;
  int window = 64;
  int batch_window = 1024;
  double rate = 0;  ///< a second; 0: any
  std::chrono::milliseconds heartbeat{1000};
  std::optional<int> compress_above;  ///< bytes
  bool allow_other_pipelines = false;
  BreakerSpec breaker;
  std::optional<WorkersSpec> workers;

  /// Where others find a process that listens.
  const Endpoint& address() const { return connect ? *connect : listen.value(); }
  /// The two ends of the links between a process and its workers, as two processes that are linked.
  ProcessSpec dispatcher() const;
  ProcessSpec worker() const;
};

struct ModelSpec {
  std::string name;
  Place place;
  const ModelType* type = nullptr;
  std::shared_ptr<void> options;
  ModelRates rates;
  std::vector<ModelRef> embedders{};  ///< entries that embed texts for it
};

struct PortSpec {
  std::string name;  ///< `to`, `accept.to`, `cases.weather`
  std::vector<std::size_t> targets;
  OutcomeKind when_open = OutcomeKind::answered;
  std::optional<std::size_t> gathered_by;  ///< the join of a fork
};

enum class Unreachable { abstain, spool, fail };
template <>
struct EnumNames<Unreachable> {
  static constexpr std::pair<std::string_view, Unreachable> names[] = {
      {"abstain", Unreachable::abstain}, {"spool", Unreachable::spool}, {"fail", Unreachable::fail}};
};

template <>
struct EnumNames<Privacy> {
  static constexpr std::pair<std::string_view, Privacy> names[] = {{"local", Privacy::local},
                                                                   {"open", Privacy::open}};
};

/// What happens to a message whose way leads to a process out of reach.
struct OnUnreachable {
  Unreachable action = Unreachable::fail;
  std::optional<NodeRef> answer_from;  ///< where set: it ends `answered` with the answer this node gave
};

struct NodeSpec {
  std::string name;
  Place place;
  const NodeType* type = nullptr;
  std::shared_ptr<void> options;
  std::vector<PortSpec> ports;
  std::vector<std::string> models;  ///< entries of `models` that it uses
  std::string process;              ///< empty where the pipeline has no processes
  std::optional<OnUnreachable> on_unreachable;
};

/// A pipeline document, read and checked; see `docs/pipeline-format.md`.
struct PipelineSpec {
  std::filesystem::path file;
  std::string name;
  std::size_t entry = 0;
  std::optional<std::chrono::milliseconds> timeout;
  Privacy privacy = Privacy::open;  ///< `local`: of every message, whatever the request says
  std::vector<ProcessSpec> processes;
  std::vector<ModelSpec> models;
  std::vector<NodeSpec> nodes;
  std::vector<FilePath> files;  ///< every file that it names: models, schemas, calibrations, keys

  const ModelSpec* model(std::string_view model_name) const;
  /// Whether a node asks it; a model that none asks only embeds texts for others.
  bool asks(std::string_view model_name) const;
  const NodeSpec* node(std::string_view node_name) const;
  const ProcessSpec* process(std::string_view process_name) const;
};

/// A pipeline, parsed and checked, nothing running. Immutable and cheap to copy; any thread.
class Pipeline {
 public:
  /// Throws `PipelineError` with every problem found.
  static Pipeline load(const std::filesystem::path& file);
  /// As `load`, of a text; `file` names it in messages, and its folder is where files are looked up.
  static Pipeline parse(const std::string& yaml, const std::filesystem::path& file);

  const PipelineSpec& spec() const { return *spec_; }
  const std::shared_ptr<const PipelineSpec>& shared_spec() const { return spec_; }

 private:
  explicit Pipeline(std::shared_ptr<const PipelineSpec> spec) : spec_{std::move(spec)} {}

  std::shared_ptr<const PipelineSpec> spec_;
};

/// The JSON Schema (draft 2020-12) of the pipeline format with every registered node type and backend.
std::string pipeline_json_schema();

}  // namespace slm
