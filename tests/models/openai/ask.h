#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "models/generator.h"
#include "models/openai/openai_model.h"

namespace slm::openai {

using namespace std::chrono_literals;

inline constexpr auto kPatience = 30s;

/// Time limits that no test comes near unless it is about them.
inline OpenAiOptions options_for(const std::string& url) {
  return {.url = url, .model = "medium", .concurrency = 2, .retries = 0};
}

inline std::future<GenerationResult> ask(Generator& model, GenerationRequest request) {
  auto promise = std::make_shared<std::promise<GenerationResult>>();
  auto answer = promise->get_future();
  model.generate(std::move(request),
                 [promise](GenerationResult result) { promise->set_value(std::move(result)); });
  return answer;
}

/// The result; a test that never has one fails instead of hanging.
template <class T>
T taken(std::future<T> answer) {
  if (answer.wait_for(kPatience) != std::future_status::ready) {
    ADD_FAILURE() << "no answer came";
    std::abort();
  }
  return answer.get();
}

inline GenerationResult answer_of(const OpenAiOptions& options,
                                  GenerationRequest request = {.prompt = "Hi"}) {
  OpenAiModel model(options);
  return taken(ask(model, std::move(request)));
}

/// What went wrong, or "" where nothing did.
inline std::string reason_of(const GenerationResult& result) {
  const auto* failure = std::get_if<ModelFailure>(&result);
  return failure ? failure->reason : "";
}

inline std::string text_of(const GenerationResult& result) {
  const auto* generation = std::get_if<Generation>(&result);
  return generation ? generation->text : "failed: " + reason_of(result);
}

inline ModelFailure::Kind kind_of_failure(const GenerationResult& result) {
  return std::get<ModelFailure>(result).kind;
}

}  // namespace slm::openai
