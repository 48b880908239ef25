#pragma once

#include <future>
#include <memory>

#include "models/model.h"

namespace slm::testing {

inline std::future<GenerationResult> begin(Generator& generator, GenerationRequest request) {
  auto promise = std::make_shared<std::promise<GenerationResult>>();
  generator.generate(std::move(request),
                     [promise](GenerationResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

inline GenerationResult ask(Generator& generator, GenerationRequest request) {
  return begin(generator, std::move(request)).get();
}

/// The answer's text, or the failure's reason in angle brackets.
inline std::string text_of(const GenerationResult& result) {
  if (const auto* failure = std::get_if<ModelFailure>(&result)) return "<" + failure->reason + ">";
  return std::get<Generation>(result).text;
}

inline std::future<ChoiceResult> begin(ChoiceScorer& scorer, ChoiceRequest request) {
  auto promise = std::make_shared<std::promise<ChoiceResult>>();
  scorer.score(std::move(request), [promise](ChoiceResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

}  // namespace slm::testing
