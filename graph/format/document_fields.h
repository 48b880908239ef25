#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/fields.h"
#include "graph/pipeline.h"

namespace slm {

/// An entry of `processes`.
struct ProcessEntry {
  ProcessSpec spec;
  bool is_well_read = false;  ///< nothing was wrong with its keys and values
};

/// An entry of `models`: the keys that every model has, and those of its `backend`.
struct ModelEntry {
  Place place;
  const ModelType* type = nullptr;  ///< null where the backend is not known, which has been reported
  std::shared_ptr<void> options;
  ModelRates rates;
  std::vector<ModelRef> embedders;
};

/// An entry of `nodes`: the keys that every node has, and those of its `type`.
struct NodeEntry {
  Place place;
  const NodeType* type = nullptr;  ///< null where the type is not known, which has been reported
  std::shared_ptr<void> options;
  bool is_well_read = false;  ///< nothing was wrong with its keys and values
  std::optional<PlacedText> on;
  std::optional<OnUnreachable> on_unreachable;
  std::vector<ModelRef> models_used;
  std::vector<std::pair<std::string, Place>> nodes_meant;
};

template <>
KindPtr kind_of<ProcessEntry>();
template <>
KindPtr kind_of<ModelEntry>();
template <>
KindPtr kind_of<NodeEntry>();
template <>
KindPtr kind_of<OnUnreachable>();

/// The top level of a pipeline file.
struct DocumentFields {
  std::string pipeline;
  int version = 0;
  PlacedText entry;
  std::optional<std::chrono::milliseconds> timeout;
  Privacy privacy = Privacy::open;
  std::vector<std::pair<std::string, ProcessEntry>> processes;
  std::vector<std::pair<std::string, ModelEntry>> models;
  std::vector<std::pair<std::string, NodeEntry>> nodes;

  static Fields<DocumentFields> fields();
};

}  // namespace slm
