// A gate before a model that learns from the tier above it: what a stream of lines comes to.
//
//   online_stream PIPELINE DATA CLOUD    JSON: {"all": {"calls": …, "accuracy": …, "agreement": …}, "half":
//   {…}}
//
// DATA has `id`, `text`, `label`, and the top tier's answers as `answers.CLOUD`. Its lines come one after
// another. `half` is of the second half of them; both are shares of the lines.

#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/slm/graph.h"

namespace slm::bench {
namespace {

using Json = nlohmann::json;

struct Tally {
  std::size_t lines = 0, calls = 0, right = 0, agreeing = 0;

  void add(const Outcome& outcome, const Json& line, const std::string& cloud) {
    ++lines;
    calls += outcome.answer.tier == "cloud" ? 1U : 0U;
    right += outcome.answer.label == line["label"] ? 1U : 0U;
    agreeing += outcome.answer.label == line["answers"][cloud] ? 1U : 0U;
  }

  Json json() const {
    const auto share = [&](std::size_t count) {
      return static_cast<double>(count) / static_cast<double>(lines);
    };
    return {{"calls", share(calls)}, {"accuracy", share(right)}, {"agreement", share(agreeing)}};
  }
};

void measure(char** argv) {
  std::vector<Json> lines;
  std::ifstream stream(argv[2]);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  Graph graph{Pipeline::load(argv[1])};
  Tally all, half;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Outcome outcome = graph.submit({.id = lines[i]["id"], .text = lines[i]["text"]}).get();
    if (outcome.kind != OutcomeKind::answered) throw std::runtime_error(outcome.id + ": " + outcome.reason);
    all.add(outcome, lines[i], argv[3]);
    if (i >= lines.size() / 2) half.add(outcome, lines[i], argv[3]);
  }
  std::printf("%s\n", Json{{"all", all.json()}, {"half", half.json()}}.dump().c_str());
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "online_stream PIPELINE DATA CLOUD\n");
    return 2;
  }
  try {
    slm::bench::measure(argv);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "online_stream: %s\n", error.what());
    return 1;
  }
}
