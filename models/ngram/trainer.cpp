#include "models/ngram/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <system_error>

#include "models/ngram/held_out.h"
#include "models/ngram/label_index.h"
#include "models/ngram/model.h"
#include "models/ngram/model_writer.h"
#include "models/ngram/regression.h"
#include "models/ngram/temperature.h"
#include "models/ngram/vocabulary.h"
#include "models/replace_file.h"

namespace slm::ngram {
namespace {

// Texts and their labels, the texts kept by the caller of `train`.
struct Split {
  std::vector<std::string_view> texts;
  std::vector<std::uint32_t> labels;
};

struct Data {
  Split training;
  Split held_out;
};

void check(const TrainOptions& options) {
  const auto require = [](bool is_met, const char* what) {
    if (!is_met) throw TrainError(what);
  };
  const bool has_grams = options.min_gram_characters > 0;
  require(options.held_out >= 0 && options.held_out <= 0.9, "held_out must lie between 0 and 0.9");
  require(options.folds > 0, "folds must be at least 1");
  require(options.word_ngrams == 1 || options.word_ngrams == 2, "word_ngrams must be 1 or 2");
  require(has_grams || options.max_gram_characters == 0,
          "min_gram_characters must be at least 1, or both bounds 0 for no n-grams of characters");
  require(options.min_gram_characters <= options.max_gram_characters &&
              options.max_gram_characters <= kMaxGramCharacters,
          "n-grams of characters must have min_gram_characters <= max_gram_characters <= 8");
  require(options.max_epochs > 0, "max_epochs must be at least 1");
  require(options.patience > 0, "patience must be at least 1");
  require(options.learning_rate > 0 && options.learning_rate <= 1000,
          "learning_rate must lie above 0 and not above 1000");
  require(options.dropout >= 0 && options.dropout <= 0.9F, "dropout must lie between 0 and 0.9");
  require(options.max_features > 0 && options.max_features <= 1U << 30,
          "max_features must lie between 1 and 2^30");
}

void check(const LabelIndex& labels) {
  if (labels.size() < 2)
    throw TrainError("training needs examples of at least two labels; there are " +
                     std::to_string(labels.size()));
  if (labels.size() > kMaxLabels)
    throw TrainError("there are " + std::to_string(labels.size()) + " labels; an ngram model holds at most " +
                     std::to_string(kMaxLabels) + ". Is the right field taken as the label?");
}

void check(const Vocabulary& vocabulary, const TrainOptions& options, std::size_t texts) {
  if (vocabulary.features().empty())
    throw TrainError("no word and no n-gram occurs in " + std::to_string(options.min_count) + " of the " +
                     std::to_string(texts) +
                     " texts to train on, so nothing tells the labels apart; lower the least count, or check "
                     "which field is the text");
}

void check_output(const std::filesystem::path& output) {
  try {
    check_replaceable(output);
  } catch (const std::system_error& error) {
    throw TrainError(error.what());
  }
}

Split choose(std::span<const Example> examples, std::span<const std::uint32_t> labels,
             std::span<const std::size_t> indices) {
  Split split;
  for (const std::size_t i : indices) {
    split.texts.push_back(examples[i].text);
    split.labels.push_back(labels[i]);
  }
  return split;
}

Data divide(std::span<const Example> training, std::span<const Example> validation, const LabelIndex& labels,
            const TrainOptions& options) {
  const std::vector<std::uint32_t> numbers = labels.numbers(training);
  const double share = validation.empty() ? options.held_out : 0.0;
  const HeldOut chosen = hold_out(numbers, labels.size(), share, options.seed);
  Data data{choose(training, numbers, chosen.training), choose(training, numbers, chosen.held_out)};
  if (validation.empty()) return data;
  for (const Example& example : validation) data.held_out.texts.push_back(example.text);
  data.held_out.labels = labels.numbers(validation);
  return data;
}

SparseTexts encode(const Vocabulary& vocabulary, std::span<const std::string_view> texts) {
  SparseTexts encoded;
  for (const std::string_view text : texts) vocabulary.encode(text, encoded);
  return encoded;
}

void append_logits(const Regression& regression, Lessons of, std::vector<float>& to) {
  std::vector<float> row(regression.row_labels);
  for (std::size_t i = 0; i < of.labels.size(); ++i) {
    regression.logits(of.texts[i], row);
    to.insert(to.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(regression.label_count));
  }
}

// What the held-out examples say of the weights as they are.
struct Verdict {
  Temperature temperature;
  double accuracy = 0;
};

Verdict judge(const Regression& regression, Lessons held_out) {
  std::vector<float> logits;
  append_logits(regression, held_out, logits);
  const auto label_count = static_cast<std::ptrdiff_t>(regression.label_count);
  std::size_t right = 0;
  auto row = logits.begin();
  for (const std::uint32_t label : held_out.labels) {
    if (std::max_element(row, row + label_count) - row == label) ++right;
    row += label_count;
  }
  const double accuracy = static_cast<double>(right) / static_cast<double>(held_out.labels.size());
  return {fit_temperature({logits, held_out.labels, regression.label_count}), accuracy};
}

// The weights of the epoch with the least held-out loss so far.
struct Best {
  Regression regression;
  Temperature temperature;
  std::uint32_t epoch = 0;
};

// Trains until it no longer gets better; empty where cancelled.
std::optional<Best> descend(Lessons training, Lessons held_out, Regression regression,
                            const TrainOptions& options, const TrainHooks& hooks, TrainReport& report) {
  GradientDescent descent(training, {options.max_epochs, options.learning_rate, options.dropout, options.seed,
                                     hooks.is_cancelled});
  const bool is_held_out = !held_out.labels.empty();
  std::optional<Best> best;
  for (std::uint32_t epoch = 1; epoch <= options.max_epochs; ++epoch) {
    const auto begin = std::chrono::steady_clock::now();
    EpochProgress progress{.epoch = epoch, .epochs = options.max_epochs};
    progress.training_loss = descent.run_epoch(regression);
    if (hooks.is_cancelled && hooks.is_cancelled()) return std::nullopt;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    progress.examples_per_second = static_cast<double>(training.labels.size()) / seconds.count();
    report.epochs = epoch;
    Verdict verdict;
    if (is_held_out) verdict = judge(regression, held_out);
    progress.held_out_loss = verdict.temperature.loss;
    progress.held_out_accuracy = verdict.accuracy;
    if (!is_held_out || !best || verdict.temperature.loss < best->temperature.loss)
      best = Best{regression, verdict.temperature, epoch};
    if (hooks.on_epoch) hooks.on_epoch(progress);
    if (epoch - best->epoch >= options.patience) break;
  }
  return best;
}

// The mean of several models, each made without another share of the examples; empty where cancelled.
std::optional<Best> descend_averaged(std::span<const Example> examples, const LabelIndex& labels,
                                     const Vocabulary& vocabulary, TrainOptions options,
                                     const TrainHooks& hooks, TrainReport& report) {
  Best mean{Regression(report.features, labels.size()), {}, 0};
  std::vector<float> logits;
  std::vector<std::uint32_t> logits_of;
  const auto scale = 1 / static_cast<float>(options.folds);
  const auto add = [&](std::vector<float>& sum, const std::vector<float>& weights) {
    std::transform(sum.begin(), sum.end(), weights.begin(), sum.begin(),
                   [&](float a, float b) { return a + scale * b; });
  };
  for (std::uint32_t fold = 0; fold < options.folds; ++fold, ++options.seed) {
    const Data data = divide(examples, {}, labels, options);
    const SparseTexts training = encode(vocabulary, data.training.texts);
    const SparseTexts held_out = encode(vocabulary, data.held_out.texts);
    const Lessons judged{held_out, data.held_out.labels};
    const std::optional<Best> one =
        descend({training, data.training.labels}, judged, Regression(report.features, labels.size()), options,
                hooks, report);
    if (!one) return std::nullopt;
    append_logits(one->regression, judged, logits);
    logits_of.insert(logits_of.end(), judged.labels.begin(), judged.labels.end());
    add(mean.regression.weights, one->regression.weights);
    add(mean.regression.bias, one->regression.bias);
    mean.epoch = one->epoch;
  }
  if (!logits_of.empty()) mean.temperature = fit_temperature({logits, logits_of, labels.size()});
  return mean;
}

// Sound weights are below 100. The bound keeps the sums in words' rows within what a file may hold.
void check(const Regression& regression) {
  const auto is_sound = [](float weight) { return weight >= -1000 && weight <= 1000; };
  if (!std::all_of(regression.weights.begin(), regression.weights.end(), is_sound) ||
      !std::all_of(regression.bias.begin(), regression.bias.end(), is_sound))
    throw TrainError("training went astray: the weights grew without bound; lower the learning rate");
}

// Asks the written file itself, so that the report holds for what will be used.
void measure(const std::filesystem::path& file, const Split& held_out, TrainReport& report) {
  const Model model(file);
  report.file_bytes = model.info().file_bytes;
  std::vector<float> probabilities(report.labels.size());
  std::vector<std::uint32_t> predicted;
  for (std::size_t i = 0; i < held_out.texts.size(); ++i) {
    model.classify(held_out.texts[i], probabilities);
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    predicted.push_back(static_cast<std::uint32_t>(best - probabilities.begin()));
    report.log_loss -= std::log(std::max(probabilities[held_out.labels[i]], 1e-30F));
  }
  report.quality = measure_quality(held_out.labels, predicted, report.labels.size());
  if (!predicted.empty()) report.log_loss /= static_cast<double>(predicted.size());
}

}  // namespace

TrainReport train(std::span<const Example> training, std::span<const Example> validation,
                  const TrainOptions& options, const std::filesystem::path& output, const TrainHooks& hooks) {
  check(options);
  const LabelIndex labels(training);
  check(labels);
  check_output(output);
  const bool is_averaged = options.folds > 1 && validation.empty() && options.held_out > 0;
  TrainOptions all = options;
  all.held_out = 0;
  const Data data = divide(training, validation, labels, is_averaged ? all : options);
  TrainReport report;
  report.labels = labels.names();
  report.training_examples = data.training.texts.size();
  report.held_out_examples = data.held_out.texts.size();

  const Vocabulary vocabulary(data.training.texts, options);
  check(vocabulary, options, data.training.texts.size());
  report.features = vocabulary.features().size();
  const auto descend_once = [&] {
    const SparseTexts training_texts = encode(vocabulary, data.training.texts);
    const SparseTexts held_out_texts = encode(vocabulary, data.held_out.texts);
    return descend({training_texts, data.training.labels}, {held_out_texts, data.held_out.labels},
                   Regression(report.features, labels.size()), options, hooks, report);
  };
  const std::optional<Best> best =
      is_averaged ? descend_averaged(training, labels, vocabulary, options, hooks, report) : descend_once();
  report.is_cancelled = !best;
  if (!best) return report;
  check(best->regression);

  report.best_epoch = best->epoch;
  report.temperature = 1 / best->temperature.inverse;
  const std::vector<std::byte> bytes =
      encode_model({vocabulary, best->regression, labels.names(), best->temperature.inverse}, options);
  replace_file(output, bytes,
               [&](const std::filesystem::path& written) { measure(written, data.held_out, report); });
  return report;
}

}  // namespace slm::ngram
