// The share of calls to the top tier that `BatchLabelling` saves on batches whose answers are known.
//
//   label_batch FILE TARGET [CONFIDENCE [DRAWS]]    JSON: {"calls": …, "saved": …, "reached": …, "kept": …}
//
// FILE holds one batch as JSON: {"batch": [[confidence, agrees], …], "known": [[confidence, agrees], …]}; the
// sample is drawn DRAWS times. All is of the batch: `reached` is the share of its answers that are the top
// tier's, `kept` the share of draws in which that is at least the target.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "runtime/tune/batch_labelling.h"

namespace slm::bench {
namespace {

int measure(int argc, char** argv) {
  const auto read = nlohmann::json::parse(std::ifstream{argv[1]});
  std::vector<double> confidences;
  std::vector<bool> agrees;
  for (const auto& line : read.at("batch")) {
    confidences.push_back(line.at(0));
    agrees.push_back(line.at(1).get<int>() != 0);
  }
  std::vector<runtime::KnownAgreement> known;
  for (const auto& line : read.at("known")) known.push_back({line.at(0), line.at(1).get<int>() != 0});
  runtime::BatchOptions options{.target = std::atof(argv[2]),
                                .confidence = argc > 3 ? std::atof(argv[3]) : 0.95};
  const int draws = argc > 4 ? std::atoi(argv[4]) : 1;
  const auto lines = static_cast<double>(confidences.size());
  double calls = 0, reached = 0, kept = 0;
  for (int draw = 0; draw < draws; ++draw) {
    options.seed = static_cast<std::uint64_t>(draw);
    const runtime::BatchLabelling labelling{confidences, known, options};
    std::vector<bool> seen;
    for (const std::size_t line : labelling.sample()) seen.push_back(agrees[line]);
    const auto rest = labelling.rest(seen);
    std::vector<bool> is_asked(confidences.size());
    for (const std::size_t line : labelling.sample()) is_asked[line] = true;
    for (const std::size_t line : rest) is_asked[line] = true;
    double right = 0;
    for (std::size_t i = 0; i < agrees.size(); ++i) right += is_asked[i] || agrees[i] ? 1 : 0;
    calls += static_cast<double>(labelling.sample().size() + rest.size());
    reached += right / lines;
    kept += right >= options.target * lines - 1e-9 ? 1 : 0;
  }
  std::printf("{\"calls\": %.1f, \"saved\": %.4f, \"reached\": %.4f, \"kept\": %.4f}\n", calls / draws,
              1 - calls / draws / lines, reached / draws, kept / draws);
  return 0;
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "label_batch FILE TARGET [CONFIDENCE [DRAWS]]\n");
    return 2;
  }
  try {
    return slm::bench::measure(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "label_batch: %s\n", error.what());
    return 1;
  }
}
