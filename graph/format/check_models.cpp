#include <algorithm>

#include "graph/format/checks.h"
#include "graph/format/nearest.h"

namespace slm {
namespace {

bool embeds(const PipelineSpec& spec, const ModelSpec& model) {
  return std::ranges::any_of(spec.models, [&](const ModelSpec& other) {
    return std::ranges::count(other.embedders, model.name, &ModelRef::name) > 0;
  });
}

/// The backends that do.
std::string embedding() {
  std::vector<std::string> names;
  for (const auto& [name, type] : Registry::instance().models())
    if (type.open_embedder) names.push_back(name);
  return listed(names);
}

/// What keeps a model from embedding texts for another; empty: nothing does.
std::string hindrance(const PipelineSpec& spec, const ModelSpec& model) {
  if (!model.type->open_embedder)
    return "backend `" + model.type->name + "` embeds no texts; expected a model of backend " + embedding();
  if (!model.embedders.empty())
    return "it looks for near questions itself; expected a model without `nearest`";
  if (spec.privacy == Privacy::local && model.type->is_remote)
    return "backend `" + model.type->name +
           "` reaches it elsewhere, and `privacy: local` keeps messages here; expected a model of this "
           "process, or `privacy: open`";
  return "";
}

}  // namespace

void check_models(const PipelineSpec& spec, Document& document) {
  const auto report = [&](Place place, std::string message) {
    document.problems.push_back({document.file, place, std::move(message)});
  };
  for (const ModelSpec& model : spec.models) {
    for (const ModelRef& embedder : model.embedders) {
      const std::string why = hindrance(spec, *spec.model(embedder.name));
      if (!why.empty())
        report(embedder.place,
               "model `" + embedder.name + "` cannot embed for model `" + model.name + "`: " + why);
    }
    if (spec.asks(model.name)) continue;
    const bool is_used = embeds(spec, model);
    if (!is_used && !document.has_unknown_model)
      report(model.place, "model `" + model.name + "` is used by no node; expected a node with `model: " +
                              model.name + "`, or no such entry");
    if (is_used && !model.rates.empty())
      report(model.place, "`price` or `watts` of model `" + model.name +
                              "`, which only embeds: that is not counted; expected neither");
  }
}

}  // namespace slm
