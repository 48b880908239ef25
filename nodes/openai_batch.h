#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "graph/fields.h"
#include "graph/pipeline.h"
#include "graph/registry.h"
#include "models/openai/batch/options.h"
#include "nodes/aggregate/amounts.h"

namespace slm {

/// `batch` of an entry of the `openai` backend: requests go in files that the server works through at
/// leisure.
struct BatchEntry : BatchOptions {
  static constexpr std::string_view kDoc =
      "send requests in batches, for servers that answer those later for less; one at a time if left out";

  // As the file has them; those of the base are taken from these.
  MachinePath folder;
  aggregate::ByteCount most_bytes{BatchOptions{}.max_bytes};

  static Fields<BatchEntry> fields();
  BatchOptions whole() const;
};

/// What makes no sense, in words.
std::vector<std::string> problems_of(const BatchEntry& entry);

/// How requests to the model go in batches; null where they do not.
const BatchEntry* batch_of(const ModelSpec& model);

/// Whether answers of a model may take hours.
bool has_batches(const PipelineSpec& pipeline);

/// Tells the author where messages of this node would expire before any answer could be there.
void check_time_for_batches(const ModelRef& model, CheckContext& context);

}  // namespace slm
