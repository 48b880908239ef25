#include "nodes/cache/check_nearest.h"

#include "nodes/model_resource.h"

namespace slm::cache {

void check_nearest(const ModelSpec& model, const PromptTemplate& prompt, CheckContext& context) {
  const CacheOptions* options = cache_of(model);
  if (options == nullptr || !options->nearest) return;
  if (!prompt.has_text())
    context.problem(context.node().place,
                    "`prompt` of node `" + context.node().name + "` has no place `{text}`, by which model `" +
                        model.name + "` finds near questions; expected one, or a model without `nearest`");
  if (!options->nearest->model) return;
  const auto& [name, place] = *options->nearest->model;
  const ModelSpec* embedder = context.pipeline().model(name);
  if (embedder == nullptr || context.pipeline().asks(name) || cache_of(*embedder) == nullptr) return;
  context.problem(place, "model `" + name +
                             "` only embeds, and has a `cache`: embeddings are kept with the "
                             "answers of model `" +
                             model.name + "`; expected no `cache`");
}

}  // namespace slm::cache
