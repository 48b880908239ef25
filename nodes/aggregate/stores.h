#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "graph/pipeline.h"
#include "nodes/link/custody.h"

namespace slm::aggregate {

struct StoreOptions {
  std::string process;           ///< whose nodes; empty in a pipeline of one
  std::filesystem::path folder;  ///< for those that name none
  bool is_override = false;      ///< it counts for those too that name one
  /// As in `link::ProcessOptions`.
  std::function<bool()> before_forgetting;
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

/// Opens the spools of all `aggregate` nodes that keep on disk what they hold, by their names:
/// `NODE.held.spool` each. Throws link::SpoolError.
std::map<std::string, std::shared_ptr<link::Custody>> open_stores(const Pipeline& pipeline,
                                                                  const StoreOptions& options);

/// Whether the pipeline has a node that may hold as many messages as can be parked.
bool holds_messages(const PipelineSpec& spec);

}  // namespace slm::aggregate
