#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/pipeline.h"
#include "nodes/model_resource.h"
#include "nodes/openai_batch.h"

namespace slm::runtime {

/// What a pipeline would run and where, told without opening a model.
struct PlanReport {
  struct Model {
    std::string name;
    std::string backend;
    std::optional<ModelInfo> info;                   ///< empty where the backend has no file to look into
    std::optional<ModelDevice> device;               ///< likewise
    std::vector<variants::VariantOptions> variants;  ///< files in place of its own
    bool is_on_demand = false;                       ///< it is in memory only while it is needed
    std::optional<RemoteModel> remote;               ///< where it runs if not in a process of the pipeline
    std::optional<LearningModel> learning;           ///< how far it has got, if it learns
    ModelRates rates;
    std::optional<cache::CacheOptions> cache;  ///< how its answers are kept, if they are
    std::optional<BatchOptions> batch;         ///< how it is asked in batches, if it is
    std::string error;                         ///< why the file cannot be used
    std::vector<std::string> processes;        ///< that hold it in memory
  };
  struct Exit {
    std::string port;
    std::vector<std::string> to;  ///< node names, or how the message ends there
  };
  struct Node {
    std::string name;
    std::string type;
    std::vector<std::string> models;
    std::string process;
    std::string options;  ///< as the file has them, without those that stand in other columns
    std::vector<Exit> exits;
  };

  /// Messages that one process sends to another.
  struct Link {
    std::string caller;
    std::string callee;
    std::string address;
    std::string security;            ///< `keys`, `plain text`
    std::vector<std::string> nodes;  ///< of the callee that they go to
  };

  /// Workers that share what is sent to a process.
  struct Pool {
    std::string process;
    std::string address;  ///< where they connect
    std::string security;
    int window = 0;  ///< messages that each has at once
  };

  std::string pipeline;
  std::string entry;
  std::vector<std::string> processes;
  std::vector<Link> links;
  std::vector<Pool> pools;
  std::vector<Model> models;
  std::vector<Node> nodes;  ///< every node after all that can send to it
};

PlanReport plan_report_of(const PipelineSpec& spec);

/// Of the models of a process, or of all where `process` is empty.
std::uint64_t memory_bytes(const PlanReport& plan, const std::string& process);

std::string to_text(const PlanReport& plan);
/// One JSON object on one line.
std::string to_json(const PlanReport& plan);

}  // namespace slm::runtime
