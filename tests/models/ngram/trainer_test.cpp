#include "models/ngram/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "models/ngram/model.h"
#include "tests/models/ngram/sample_data.h"

namespace slm::ngram {
namespace {

class NgramTrainer : public testing::Test {
 protected:
  TrainReport train_sample(const TrainOptions& options, const std::string& name = "m.slm") {
    return train(sample_examples(300), {}, options, folder_.file(name));
  }

  TemporaryFolder folder_;
};

TEST_F(NgramTrainer, WritesTheSameBytesForTheSameSeed) {
  for (const WeightType weights : {WeightType::int8, WeightType::float32}) {
    train_sample({.seed = 5, .weights = weights}, "one.slm");
    train_sample({.seed = 5, .weights = weights}, "two.slm");
    train_sample({.seed = 6, .weights = weights}, "three.slm");
    EXPECT_EQ(read_bytes(folder_.file("one.slm")), read_bytes(folder_.file("two.slm")));
    EXPECT_NE(read_bytes(folder_.file("one.slm")), read_bytes(folder_.file("three.slm")));
  }
}

TEST_F(NgramTrainer, ReportsOnTheHeldOutShare) {
  const TrainReport report = train_sample({.held_out = 0.2});
  EXPECT_EQ(report.training_examples + report.held_out_examples, 300U);
  EXPECT_NEAR(static_cast<double>(report.held_out_examples), 60, 2);
  std::size_t support = 0;
  for (const LabelQuality& label : report.quality.labels) support += label.support;
  EXPECT_EQ(support, report.held_out_examples);
  EXPECT_GT(report.quality.accuracy, 0.9);
  EXPECT_GT(report.quality.macro_f1, 0.9);
  EXPECT_GT(report.log_loss, 0);
  EXPECT_EQ(report.labels, (std::vector<std::string>{"alarm", "music", "other", "weather"}));
  EXPECT_EQ(report.file_bytes, std::filesystem::file_size(folder_.file("m.slm")));
}

TEST_F(NgramTrainer, ReportsOnTheValidationExamplesWhereThereAreSome) {
  const TrainReport report = train(sample_examples(300), sample_examples(70, 8), {}, folder_.file("m.slm"));
  EXPECT_EQ(report.training_examples, 300U);
  EXPECT_EQ(report.held_out_examples, 70U);
}

TEST_F(NgramTrainer, StopsEarlyAndKeepsTheBestEpoch) {
  std::vector<double> losses;
  TrainHooks hooks;
  hooks.on_epoch = [&](const EpochProgress& progress) { losses.push_back(progress.held_out_loss); };
  // A rate so high that the loss soon grows.
  const TrainReport report =
      train(sample_examples(300), {}, {.max_epochs = 200, .patience = 3, .learning_rate = 100},
            folder_.file("m.slm"), hooks);
  ASSERT_EQ(losses.size(), report.epochs);
  EXPECT_LT(report.epochs, 200U);
  EXPECT_EQ(report.epochs, report.best_epoch + 3);
  EXPECT_EQ(std::min_element(losses.begin(), losses.end()) - losses.begin() + 1, report.best_epoch);
  EXPECT_NEAR(report.log_loss, losses[report.best_epoch - 1], 0.02);
}

TEST_F(NgramTrainer, RunsAllEpochsWhereNothingIsHeldOut) {
  const TrainReport report = train_sample({.held_out = 0, .max_epochs = 8, .patience = 1});
  EXPECT_EQ(report.epochs, 8U);
  EXPECT_EQ(report.best_epoch, 8U);
  EXPECT_EQ(report.held_out_examples, 0U);
  EXPECT_EQ(report.temperature, 1);
}

TEST_F(NgramTrainer, LearnsFromAllExamplesWhereModelsAreAveraged) {
  const TrainOptions folds{.folds = 3, .min_count = 1};
  const TrainReport averaged = train_sample(folds, "one.slm");
  EXPECT_EQ(averaged.training_examples, 300U);
  EXPECT_EQ(averaged.held_out_examples, 0U);
  EXPECT_EQ(averaged.features,
            train_sample({.held_out = 0, .max_epochs = 1, .min_count = 1}, "all.slm").features);
  EXPECT_NE(averaged.temperature, 1);
  train_sample(folds, "two.slm");
  EXPECT_EQ(read_bytes(folder_.file("one.slm")), read_bytes(folder_.file("two.slm")));

  const Model model(folder_.file("one.slm"));
  std::vector<float> probabilities(model.labels()->size());
  std::size_t right = 0;
  for (const Example& example : sample_examples(200, 8)) {
    model.classify(example.text, probabilities);
    const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
    right += (*model.labels())[static_cast<std::size_t>(best)] == example.label ? 1U : 0U;
  }
  EXPECT_GT(right, 180U);
}

TEST_F(NgramTrainer, WritesNothingWhereCancelled) {
  int asked = 0;
  TrainHooks hooks;
  hooks.is_cancelled = [&] { return ++asked > 4; };
  const TrainReport report = train(sample_examples(300), {}, {}, folder_.file("m.slm"), hooks);
  EXPECT_TRUE(report.is_cancelled);
  EXPECT_EQ(folder_.count_files(), 0U);
}

TEST_F(NgramTrainer, ReplacesTheFileAndLeavesNoOther) {
  train_sample({.seed = 1});
  const auto before = read_bytes(folder_.file("m.slm"));
  const Model old(folder_.file("m.slm"));
  train_sample({.seed = 2});
  EXPECT_NE(read_bytes(folder_.file("m.slm")), before);
  EXPECT_EQ(folder_.count_files(), 1U);
  std::vector<float> probabilities(4);
  old.classify("play some jazz", probabilities);
  EXPECT_GT(probabilities[1], 0.5) << "an open model outlives its replacement";
}

TEST_F(NgramTrainer, SaysBeforeItTrainsThatTheFileCannotBeWritten) {
  std::size_t epochs = 0;
  TrainHooks hooks;
  hooks.on_epoch = [&](const EpochProgress&) { ++epochs; };
  EXPECT_THROW(train(sample_examples(300), {}, {}, folder_.file("absent/m.slm"), hooks), TrainError);
  EXPECT_EQ(epochs, 0U);
}

TEST_F(NgramTrainer, KeepsToTheFeatureBound) {
  const TrainReport report = train_sample({.max_features = 50});
  EXPECT_EQ(report.features, 50U);
  EXPECT_LT(report.file_bytes, 8000U);
}

TEST_F(NgramTrainer, TrainsWithoutGramsOrPairs) {
  const TrainReport all = train_sample({});
  const TrainReport words =
      train_sample({.word_ngrams = 1, .min_gram_characters = 0, .max_gram_characters = 0});
  EXPECT_LT(words.features, all.features / 4);
  EXPECT_GT(words.quality.accuracy, 0.7);
  EXPECT_EQ(Model(folder_.file("m.slm")).info().tokenizer, "words");
}

TEST_F(NgramTrainer, DoesNotDependOnTheOrderOfLabels) {
  std::vector<Example> examples{{"b", "z"}, {"b", "z"}, {"a", "y"}, {"a", "y"}};
  EXPECT_EQ(train(examples, {}, {.held_out = 0}, folder_.file("m.slm")).labels,
            (std::vector<std::string>{"y", "z"}));
}

TEST_F(NgramTrainer, RefusesUnusableData) {
  const std::filesystem::path file = folder_.file("m.slm");
  EXPECT_THROW(train({}, {}, {}, file), TrainError);
  const std::vector<Example> one_label(9, Example{"a", "x"});
  EXPECT_THROW(train(one_label, {}, {}, file), TrainError);
  const std::vector<Example> unknown_label{{"a", "polka"}};
  try {
    train(sample_examples(50), unknown_label, {}, file);
    FAIL();
  } catch (const TrainError& error) {
    EXPECT_STREQ(error.what(), "validation example 1 has the label 'polka', which no training example has");
  }
}

TEST_F(NgramTrainer, RefusesNonsenseOptions) {
  EXPECT_THROW(train_sample({.held_out = 1}), TrainError);
  EXPECT_THROW(train_sample({.word_ngrams = 3}), TrainError);
  EXPECT_THROW(train_sample({.min_gram_characters = 0, .max_gram_characters = 3}), TrainError);
  EXPECT_THROW(train_sample({.min_gram_characters = 4, .max_gram_characters = 3}), TrainError);
  EXPECT_THROW(train_sample({.max_epochs = 0}), TrainError);
  EXPECT_THROW(train_sample({.patience = 0}), TrainError);
  EXPECT_THROW(train_sample({.learning_rate = -1}), TrainError);
  EXPECT_THROW(train_sample({.dropout = 1}), TrainError);
  EXPECT_THROW(train_sample({.max_features = 0}), TrainError);
}

TEST_F(NgramTrainer, SaysThatWeightsGrewWithoutBound) {
  EXPECT_THROW(train_sample({.held_out = 0, .learning_rate = 1000}), TrainError);
  EXPECT_EQ(folder_.count_files(), 0U);
}

TEST_F(NgramTrainer, RefusesToMakeAModelWithoutFeatures) {
  const std::vector<Example> wordless{{"", "x"}, {"?", "y"}, {"", "x"}, {"!", "x"}};
  EXPECT_THROW(train(wordless, {}, {.held_out = 0}, folder_.file("m.slm")), TrainError);
  EXPECT_THROW(train_sample({.min_count = 1'000'000}), TrainError);
  EXPECT_EQ(folder_.count_files(), 0U);
}

TEST_F(NgramTrainer, BeatsTheLinearSvmOnClinc150) {
  const auto training = shared_examples("clinc150/train.jsonl"),
             valid = shared_examples("clinc150/valid.jsonl");
  if (!training || !valid) GTEST_SKIP() << "set SLM_GRAPH_DATA to the folder that holds clinc150/";
  const TrainReport report = train(*training, {}, {}, folder_.file("m.slm"));
  const Model model(folder_.file("m.slm"));
  std::vector<float> p(model.labels()->size());
  std::size_t right = 0;
  for (const Example& example : *valid) {
    model.classify(example.text, p);
    const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    right += (*model.labels())[best] == example.label ? 1U : 0U;
  }
  const double accuracy = static_cast<double>(right) / static_cast<double>(valid->size());
  RecordProperty("accuracy", std::to_string(accuracy));
  EXPECT_GE(accuracy, 0.906) << report.epochs << " epochs";
}

}  // namespace
}  // namespace slm::ngram
