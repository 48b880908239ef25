// Trains a model as the defaults would: train TRAIN.jsonl VALID.jsonl|- MODEL [OPTION=VALUE…]

#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace {

using namespace slm::ngram;

std::vector<Example> read(const std::string& file) {
  std::vector<Example> examples;
  if (file == "-") return examples;
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(file + ": cannot be read");
  for (std::string line; std::getline(lines, line);) {
    const auto fields = nlohmann::json::parse(line);
    examples.push_back({fields.at("text"), fields.at("label")});
  }
  return examples;
}

void set(TrainOptions& options, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  if (name == "weights")
    options.weights = value == "int8" ? WeightType::int8 : WeightType::float32;
  else if (name == "seed")
    options.seed = std::stoull(value);
  else if (name == "held_out")
    options.held_out = std::stod(value);
  else if (name == "max_features")
    options.max_features = static_cast<std::uint32_t>(std::stoul(value));
  else if (name == "max_epochs")
    options.max_epochs = static_cast<std::uint32_t>(std::stoul(value));
  else if (name == "patience")
    options.patience = static_cast<std::uint32_t>(std::stoul(value));
  else if (name == "dropout")
    options.dropout = std::stof(value);
  else if (name == "learning_rate")
    options.learning_rate = std::stof(value);
  else
    throw std::runtime_error("no option '" + name + "'");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fputs("usage: train TRAIN.jsonl VALID.jsonl|- MODEL [OPTION=VALUE...]\n", stderr);
    return 2;
  }
  TrainOptions options;
  for (int i = 4; i < argc; ++i) set(options, argv[i]);
  TrainHooks hooks;
  hooks.on_epoch = [](const EpochProgress& at) {
    std::fprintf(stderr, "epoch %u/%u: loss %.4f, held out %.4f, accuracy %.4f, %.0f examples/s\n", at.epoch,
                 at.epochs, at.training_loss, at.held_out_loss, at.held_out_accuracy, at.examples_per_second);
  };
  const TrainReport report = train(read(argv[1]), read(argv[2]), options, argv[3], hooks);
  std::printf("epoch %u of %u, temperature %.3f, %zu features, %llu bytes\n", report.best_epoch,
              report.epochs, double{report.temperature}, report.features,
              static_cast<unsigned long long>(report.file_bytes));
  std::printf("%zu held-out examples: accuracy %.4f, macro-F1 %.4f, log loss %.4f\n",
              report.held_out_examples, report.quality.accuracy, report.quality.macro_f1, report.log_loss);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
