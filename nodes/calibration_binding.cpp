#include "nodes/calibration_binding.h"

#include <algorithm>

#include "graph/pipeline.h"
#include "models/checksum.h"
#include "models/model.h"
#include "nodes/model_resource.h"
#include "nodes/upstream_evidence.h"

namespace slm {
namespace {

std::optional<CalibrationBinding> binding_of(const ModelSpec& model, const NodeSpec& source) {
  const std::string asked = source.type->asks ? source.type->asks(source.options.get()) : "";
  if (const auto remote = remote_of(model)) return CalibrationBinding{remote->name, "", text_checksum(asked)};
  const std::optional<ModelInfo> info = info_of(model);
  if (!info) return std::nullopt;
  return CalibrationBinding{info->checksum, info->quantisation, text_checksum(asked)};
}

}  // namespace

std::vector<CalibrationBinding> calibration_bindings(const PipelineSpec& pipeline, const NodeSpec& gate) {
  std::vector<CalibrationBinding> bindings;
  for (const NodeSpec* source : evidence_sources(pipeline, gate).nodes) {
    for (const std::string& name : source->models) {
      const ModelSpec* model = pipeline.model(name);
      if (!model) continue;
      try {
        const std::optional<CalibrationBinding> binding = binding_of(*model, *source);
        if (binding && std::find(bindings.begin(), bindings.end(), *binding) == bindings.end())
          bindings.push_back(*binding);
      } catch (const ModelError&) {
        continue;
      }
    }
  }
  return bindings;
}

}  // namespace slm
