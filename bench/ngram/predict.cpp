// Labels the lines of standard input: predict MODEL < lines > labels

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "models/ngram/model.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: predict MODEL < lines > labels\n", stderr);
    return 2;
  }
  std::ios::sync_with_stdio(false);
  const slm::ngram::Model model(argv[1]);
  const std::vector<std::string>& labels = *model.labels();
  std::vector<float> probabilities(labels.size());
  for (std::string line; std::getline(std::cin, line);) {
    model.classify(line, probabilities);
    const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
    std::cout << labels[static_cast<std::size_t>(best)] << '\n';
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
