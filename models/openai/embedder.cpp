#include "models/openai/embedder.h"

#include <stdexcept>
#include <utility>

#include "models/model.h"
#include "models/openai/dispatcher.h"
#include "models/openai/endpoint.h"
#include "models/openai/request_body.h"

namespace slm::openai {
namespace {

class OpenAiEmbedder : public Embedder {
 public:
  explicit OpenAiEmbedder(const OpenAiOptions& options) : options_{options}, dispatcher_{options} {}

  void embed(EmbeddingRequest request, std::function<void(EmbeddingResult)> done) override {
    dispatcher_.submit({.body = embedding_body(request.text, options_),
                        .patience = std::move(request.patience),
                        .is_enough = nullptr,
                        .done = [done = std::move(done)](std::variant<Reply, ModelFailure> result) {
                          if (auto* failure = std::get_if<ModelFailure>(&result))
                            return done(std::move(*failure));
                          done(unit_embedding(std::move(std::get<Reply>(result).embedding)));
                        }});
  }

 private:
  const OpenAiOptions options_;
  Dispatcher dispatcher_;
};

}  // namespace

EmbeddingModel open_embedder(OpenAiOptions options) {
  options.api = OpenAiOptions::Api::embeddings;
  options.stream = false;
  try {
    return {std::make_shared<OpenAiEmbedder>(options),
            Endpoint::parse(options.url).origin() + ' ' + options.model, true};
  } catch (const std::invalid_argument& error) {
    throw ModelError(std::string("`url`: ") + error.what());
  }
}

}  // namespace slm::openai
