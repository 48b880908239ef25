#include "nodes/recorded_models.h"

#include "nodes/model_resource.h"

namespace slm {
namespace {

replay::RecordedSource source_of(const ModelSpec& spec, const Model& model) {
  replay::RecordedSource source{spec.name, identity_of(spec, model), {}};
  if (spec.rates.price)
    source.cost = [price = *spec.rates.price](int prompt_tokens, int generated_tokens, auto time) {
      return price.of(1, static_cast<std::uint32_t>(prompt_tokens),
                      static_cast<std::uint32_t>(generated_tokens), time);
    };
  return source;
}

}  // namespace

decltype(GraphOptions::wrap) recording(std::shared_ptr<replay::Recorder> recorder) {
  return [recorder = std::move(recorder)](const ModelSpec& spec, std::shared_ptr<Resource> opened) {
    const auto ours = std::dynamic_pointer_cast<ModelResource>(opened);
    if (!ours) return opened;
    opened = std::make_shared<ModelResource>(recorder->recorded(ours->model, source_of(spec, ours->model)));
    return opened;
  };
}

}  // namespace slm
