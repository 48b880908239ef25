// What `slm-graph run` is measured against on JSON lines: a loop on one thread that reads, parses with
// simdjson, calls the same nano model and writes, with nothing between.
//
//   lines_bare_loop MODEL INPUT OUTPUT

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "models/ngram/model.h"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("usage: lines_bare_loop MODEL INPUT OUTPUT\n", stderr);
    return 2;
  }
  const slm::ngram::Model model(argv[1]);
  const std::vector<std::string>& labels = *model.labels();
  std::vector<float> probabilities(labels.size());
  std::ifstream input(argv[2]);
  std::ofstream output(argv[3]);
  simdjson::ondemand::parser parser;
  std::string out;
  for (std::string line; std::getline(input, line);) {
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    auto request = parser.iterate(line.data(), line.size(), line.capacity());
    const std::string_view id = request["id"].raw_json_token();
    const std::string_view text = request["text"].get_string();
    model.classify(text, probabilities);
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    char digits[32];
    out.assign("{\"id\":").append(id).append(",\"label\":\"");
    out.append(labels[static_cast<std::size_t>(best - probabilities.begin())]).append("\",\"probability\":");
    out.append(digits, std::to_chars(digits, std::end(digits), *best).ptr).append("}\n");
    output.write(out.data(), static_cast<std::streamsize>(out.size()));
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
