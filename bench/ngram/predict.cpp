// Labels the lines of a file, as `fasttext predict` does: predict MODEL LINES > labels

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "models/ngram/model.h"

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fputs("usage: predict MODEL LINES > labels\n", stderr);
    return 2;
  }
  std::ios::sync_with_stdio(false);
  const slm::ngram::Model model(argv[1]);
  const std::vector<std::string>& labels = *model.labels();
  std::vector<float> probabilities(labels.size());
  std::ifstream lines(argv[2]);
  for (std::string line; std::getline(lines, line);) {
    model.classify(line, probabilities);
    const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
    std::cout << labels[static_cast<std::size_t>(best)] << '\n';
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
