#include "nodes/unasked_models.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "graph/registry.h"
#include "nodes/model_resource.h"

namespace slm {
namespace {

int tokens_of(const std::string& prompt) {
  return static_cast<int>((prompt.size() + kBytesPerToken - 1) / kBytesPerToken);
}

class UnaskedGenerator : public Generator {
 public:
  explicit UnaskedGenerator(std::shared_ptr<Generator> inner) : inner_{std::move(inner)} {}

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override {
    return inner_->compile(source);
  }
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override {
    done(Generation{
        .text = {}, .prompt_tokens = tokens_of(request.prompt), .generated_tokens = request.max_tokens});
  }

 private:
  std::shared_ptr<Generator> inner_;
};

class UnaskedScorer : public ChoiceScorer {
 public:
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override {
    done(ChoiceScores{.chosen = 0, .prompt_tokens = tokens_of(request.prompt)});
  }
};

}  // namespace

decltype(GraphOptions::wrap) leaving_remote_unasked() {
  return [](const ModelSpec& spec, std::shared_ptr<Resource> opened) {
    const auto ours = std::dynamic_pointer_cast<ModelResource>(opened);
    if (!ours || !spec.type->is_remote) return opened;
    Model unasked = ours->model;
    if (unasked.generator) unasked.generator = std::make_shared<UnaskedGenerator>(unasked.generator);
    if (unasked.scorer) unasked.scorer = std::make_shared<UnaskedScorer>();
    opened = std::make_shared<ModelResource>(std::move(unasked));
    return opened;
  };
}

}  // namespace slm
