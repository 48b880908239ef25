#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/ngram/trainer.h"

namespace slm::runtime {

struct TrainArguments {
  std::vector<std::filesystem::path> data;
  std::vector<std::filesystem::path> validation;  ///< none: a share of the data is held out
  std::filesystem::path output;
  std::string text_field = "text";
  std::string label_field = "label";
  ngram::TrainOptions options;
  bool is_json = false;
  bool is_quiet = false;
};

/// `slm-graph train`: a nano model of labelled lines. Every broken line, and an output that cannot be written
/// or would overwrite the data, is reported before anything is trained. Throws UsageError, InputError and
/// OutputError.
int train(const TrainArguments& arguments);

}  // namespace slm::runtime
