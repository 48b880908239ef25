#include "tests/runtime/nano_model.h"

#include <vector>

#include "models/ngram/trainer.h"
#include "runtime/train/labelled_lines.h"

namespace slm::testing {
namespace {

void train(const std::vector<ngram::Example>& examples, const std::filesystem::path& output) {
  ngram::TrainOptions options;
  options.held_out = 0;  // there are too few lines to spare any
  options.min_count = 1;
  ngram::train(examples, {}, options, output);
}

}  // namespace

void train_nano_model(const std::filesystem::path& output) {
  train({{"will it rain tomorrow", "weather"},
         {"is it going to snow", "weather"},
         {"what is the forecast for friday", "weather"},
         {"how hot is it in rome", "weather"},
         {"play some jazz", "music"},
         {"put on a rock album", "music"},
         {"play the next song", "music"},
         {"turn up this tune", "music"}},
        output);
}

void train_nano_model(const std::filesystem::path& data, const std::filesystem::path& output) {
  train(runtime::read_labelled_lines({data}, "text", "label"), output);
}

}  // namespace slm::testing
