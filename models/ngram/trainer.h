#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/ngram/format.h"
#include "models/ngram/quality.h"

namespace slm::ngram {

/// Data or options that no model can be trained from, or a place where none can be written; the message says
/// which and what to do.
class TrainError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Example {
  std::string text;
  std::string label;
};

struct TrainOptions {
  // Behaviour: what the model is.

  /// Same data, same options, same seed: the same file, byte for byte, whatever else the machine does.
  std::uint64_t seed = 1;
  /// Share of every label that is held out, to stop early, to calibrate and to report on, where no validation
  /// examples are given. 0 holds nothing out: every epoch runs, and the probabilities are not calibrated.
  double held_out = 0.1;
  /// So many models are trained, each with another share held out, and their weights are averaged (bagging,
  /// Breiman 1996): all examples are trained on, and chance matters less. Costs as many times as one. The
  /// temperature is that of the single models, and there is nothing left to report on. 1 where nothing is
  /// held out of the training examples.
  std::uint32_t folds = 1;
  /// 2: pairs of words count too. They tell "not bad" from "bad" for about twice the file.
  std::uint32_t word_ngrams = 2;
  /// N-grams of characters within words, which recognise misspelt and inflected words. Both 0: none, for a
  /// file less than half the size. Longer ones (8 at most) cost file size and training time, not prediction
  /// time.
  std::uint32_t min_gram_characters = 2;
  std::uint32_t max_gram_characters = 5;
  /// int8 is a quarter of the size and as accurate to about a tenth of a percent.
  WeightType weights = WeightType::int8;

  // Performance: what it costs.

  /// Most epochs. Each is some 10 µs an example for 150 labels.
  std::uint32_t max_epochs = 30;
  /// Epochs without a better held-out loss before training stops; the best weights are kept.
  std::uint32_t patience = 5;
  float learning_rate = 4;
  /// Share of an example's features left out at random at each step. Keeps rare features from being trusted
  /// too much; costs a few more epochs.
  float dropout = 0.1F;
  /// Features in fewer training examples are dropped. 1 makes the file about twice the size for little.
  std::uint32_t min_count = 2;
  /// Only this many of the commonest features are kept: the bound on the file, at labels + 20 bytes each for
  /// int8 (labels × 4 + 20 for float32), and on training memory, at twice labels × 4.
  std::uint32_t max_features = 1U << 18;
};

struct EpochProgress {
  std::uint32_t epoch = 0;  ///< the one just finished, from 1
  std::uint32_t epochs = 0;
  double training_loss = 0;  ///< mean natural log loss
  double held_out_loss = 0;  ///< the same once calibrated; 0 where nothing is held out
  double held_out_accuracy = 0;
  double examples_per_second = 0;
};

/// Both are called on the training thread and may be empty.
struct TrainHooks {
  std::function<void(const EpochProgress&)> on_epoch;
  /// Asked every few milliseconds; once it says true, training ends without a file.
  std::function<bool()> is_cancelled;
};

struct TrainReport {
  bool is_cancelled = false;  ///< then nothing was written and only the sizes and `epochs` are set
  std::vector<std::string> labels;
  std::size_t training_examples = 0;
  std::size_t held_out_examples = 0;
  std::uint32_t epochs = 0;      ///< that were run
  std::uint32_t best_epoch = 0;  ///< whose weights the file holds
  std::size_t features = 0;
  std::uint64_t file_bytes = 0;
  float temperature = 1;
  // Of the written file on the held-out examples; nothing where there are none.
  double log_loss = 0;  ///< natural
  Quality quality;
};

/// Trains a model and writes it to `output`, which is replaced in one step once the model is complete.
///
/// Labels are numbered in ascending order of their bytes. Runs on the calling thread. Throws `TrainError` for
/// unusable data or options, or an output that could not be replaced, before anything is trained; and
/// `std::system_error` where the file cannot be written in the end.
TrainReport train(std::span<const Example> training, std::span<const Example> validation,
                  const TrainOptions& options, const std::filesystem::path& output,
                  const TrainHooks& hooks = {});

}  // namespace slm::ngram
