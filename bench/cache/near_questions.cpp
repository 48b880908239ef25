// How many questions a cache by nearness answers, and how many of them wrong, at several bars.
//
//   near_questions FILE ANSWER [LINES [URL MODEL]]    Markdown table rows, the last one the time of a search
//
// FILE holds JSON lines with a `text`, and what is to be answered at the JSON pointer ANSWER, such as /label.
// Each line is asked once, in their order, and the same text only the first time. A text is embedded by its
// words and letters, or by MODEL at URL. A question that is far from all kept ones is answered as the file
// says, and kept.

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/ngram/embedder.h"
#include "models/openai/embedder.h"
#include "nodes/cache/neighbours.h"

namespace slm::bench {
namespace {

constexpr std::array kBars{0.99, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5};

struct Question {
  Embedding embedding;
  nlohmann::json answer;
};

Embedding embedded(Embedder& embedder, const std::string& text) {
  std::promise<EmbeddingResult> promise;
  embedder.embed({text, {}}, [&](EmbeddingResult result) { promise.set_value(std::move(result)); });
  EmbeddingResult result = promise.get_future().get();
  if (auto* failure = std::get_if<ModelFailure>(&result)) throw std::runtime_error{failure->reason};
  return std::get<Embedding>(std::move(result));
}

std::vector<Question> read(const char* file, const std::string& answer, std::size_t most,
                           Embedder& embedder) {
  std::vector<Question> questions;
  std::set<std::string> seen;
  std::ifstream stream{file};
  for (std::string line; questions.size() < most && std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line);
    const std::string text = json.at("text");
    if (seen.insert(text).second)
      questions.push_back({embedded(embedder, text), json.at(nlohmann::json::json_pointer{answer})});
  }
  return questions;
}

double share(std::size_t some, std::size_t all) {
  return all == 0 ? 0 : 100 * static_cast<double>(some) / static_cast<double>(all);
}

void measure(const std::vector<Question>& questions, double bar) {
  cache::Neighbours kept;
  std::size_t hits = 0, wrong = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto near = kept.nearest(0, questions[i].embedding);
    if (near && near->similarity >= bar) {
      ++hits;
      wrong += questions[near->key].answer == questions[i].answer ? 0U : 1U;
    } else {
      kept.put(i, 0, questions[i].embedding);
    }
  }
  std::printf("| %.2f | %.1f %% | %.1f %% |\n", bar, share(hits, questions.size()), share(wrong, hits));
}

/// Milliseconds of a search among 100,000 embeddings of 384 numbers.
double search_ms() {
  constexpr std::size_t kRows = 100'000, kWidth = 384;
  constexpr std::size_t kSearches = 20;
  cache::Neighbours kept;
  Embedding row(kWidth);
  for (std::size_t key = 0; key < kRows; ++key) {
    row[key % kWidth] += 1;
    kept.put(key, 0, row);
  }
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kSearches; ++i) {
    row[i] += 1;
    if (!kept.nearest(0, row)) std::abort();
  }
  return std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count() /
         kSearches;
}

int run(int argc, char** argv) {
  const EmbeddingModel model =
      argc > 5 ? openai::open_embedder({.url = argv[4], .model = argv[5]}) : ngram::embedder();
  const auto most = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1ULL << 32U;
  const auto begin = std::chrono::steady_clock::now();
  const auto questions = read(argv[1], argv[2], most, *model.embedder);
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  if (questions.empty()) throw std::runtime_error{"there are no questions"};
  std::printf("| at_least | answered by near ones | of them wrong |\n|---|---|---|\n");
  for (const double bar : kBars) measure(questions, bar);
  std::printf("%zu questions, %.0f us to read and embed each; a search among 100,000 of 384: %.1f ms\n",
              questions.size(), time.count() / static_cast<double>(questions.size()), search_ms());
  return 0;
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: near_questions FILE ANSWER [LINES [URL MODEL]]\n");
    return 2;
  }
  try {
    return slm::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "near_questions: %s\n", error.what());
    return 1;
  }
}
