// Nanoseconds a prediction: SLM_NGRAM_MODEL=MODEL SLM_NGRAM_LINES=LINES ngram_classify_bench

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "models/ngram/model.h"

namespace {

struct Setup {
  std::unique_ptr<slm::ngram::Model> model;
  std::vector<std::string> lines;
};

const Setup& setup() {
  static const Setup made = [] {
    Setup setup;
    const char* const model = std::getenv("SLM_NGRAM_MODEL");
    const char* const lines = std::getenv("SLM_NGRAM_LINES");
    if (model == nullptr || lines == nullptr) return setup;
    setup.model = std::make_unique<slm::ngram::Model>(model);
    std::ifstream stream(lines);
    for (std::string line; std::getline(stream, line);) setup.lines.push_back(line);
    return setup;
  }();
  return made;
}

void classify_lines(benchmark::State& state) {
  const auto& [model, lines] = setup();
  if (!model || lines.empty()) {
    state.SkipWithError("set SLM_NGRAM_MODEL to a model and SLM_NGRAM_LINES to a file of texts");
    return;
  }
  std::vector<float> probabilities(model->labels()->size());
  std::size_t next = 0;
  for (auto _ : state) {
    model->classify(lines[next], probabilities);
    benchmark::DoNotOptimize(probabilities.data());
    next = next + 1 == lines.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(classify_lines);

// No word is known, so each n-gram of characters is looked up by itself: the slowest texts.
void classify_unknown_words(benchmark::State& state) {
  const auto& model = setup().model;
  if (!model) {
    state.SkipWithError("set SLM_NGRAM_MODEL to a model");
    return;
  }
  const std::string text = "wbat iz teh wheather lyke tomorow mornin inn sna frencisco";
  std::vector<float> probabilities(model->labels()->size());
  for (auto _ : state) {
    model->classify(text, probabilities);
    benchmark::DoNotOptimize(probabilities.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(classify_unknown_words);

void open_model(benchmark::State& state) {
  if (!setup().model) {
    state.SkipWithError("set SLM_NGRAM_MODEL to a model");
    return;
  }
  for (auto _ : state) slm::ngram::Model model(std::getenv("SLM_NGRAM_MODEL"));
}
BENCHMARK(open_model)->Unit(benchmark::kMicrosecond);

}  // namespace
