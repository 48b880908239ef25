#include "models/learning/learner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <random>
#include <thread>

#include "models/model.h"
#include "models/ngram/model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::learning {
namespace {

const std::vector<std::string> kLabels{"music", "news", "weather"};

/// A text of one topic, always another.
std::string text_of(std::size_t topic, std::mt19937& random) {
  static const std::vector<std::vector<std::string>> kWords{
      {"play", "song", "album", "guitar", "band", "loud"},
      {"headline", "paper", "report", "election", "press", "story"},
      {"rain", "sunny", "cloud", "storm", "wind", "degrees"}};
  std::string text = "please";
  for (int i = 0; i < 4; ++i) text += ' ' + kWords[topic][random() % 6];
  return text + " number" + std::to_string(random() % 1000);
}

class Learning : public ::testing::Test {
 protected:
  LearnOptions options() const {
    LearnOptions options;
    options.name = "nano";
    options.labels = kLabels;
    options.folder = folder_ / "learned";
    options.hold_out = 0.2;
    options.wait = true;
    options.least_lessons = 60;
    options.training.folds = 1;
    return options;
  }

  /// Lessons of which each topic has the label `shift` places further on.
  void teach(Learner& learner, int lessons, std::size_t shift = 0) {
    for (int i = 0; i < lessons; ++i) {
      const std::size_t topic = random_() % 3;
      learner.learn({text_of(topic, random_), kLabels[(topic + shift) % kLabels.size()]});
    }
  }

  double accuracy(const Learner& learner) {
    std::mt19937 random{99};
    std::vector<float> probabilities(3);
    int right = 0;
    for (int i = 0; i < 300; ++i) {
      const std::size_t topic = random() % 3;
      learner.classifier()->classify(text_of(topic, random), probabilities);
      right += std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin() ==
                       static_cast<std::ptrdiff_t>(topic)
                   ? 1
                   : 0;
    }
    return right / 300.0;
  }

  std::filesystem::path snapshot(int number) const {
    return folder_ / "learned" / ("nano.00000" + std::to_string(number) + ".slm");
  }

  const testing::TemporaryFolder folder_;
  std::mt19937 random_{5};
};

TEST_F(Learning, BeginsFromNothing) {
  Learner learner(options());
  teach(learner, 59);
  EXPECT_FALSE(learner.classifier()->has_evidence());
  teach(learner, 1);
  EXPECT_TRUE(learner.classifier()->has_evidence());
  EXPECT_GT(accuracy(learner), 0.95);
  EXPECT_EQ(learner.state().serving, 1U);
  EXPECT_NO_THROW(ngram::Model{snapshot(1)});
}

TEST_F(Learning, MakesTheSameModelsOfTheSameLessons) {
  std::vector<std::string> checksums;
  for (const char* folder : {"one", "two"}) {
    random_.seed(5);
    LearnOptions chosen = options();
    chosen.folder = folder_ / folder;
    Learner learner(chosen);
    teach(learner, 130);
    checksums.push_back(ngram::Model(chosen.folder / "nano.000002.slm").info().checksum);
  }
  EXPECT_EQ(checksums[0], checksums[1]);
}

TEST_F(Learning, TrainsInTheBackgroundUnlessToldToWait) {
  LearnOptions chosen = options();
  chosen.wait = false;
  Learner learner(chosen);
  teach(learner, 200);
  learner.finish();
  EXPECT_GE(learner.state().trainings, 1U);
  EXPECT_EQ(learner.state().lessons, 200U);
  EXPECT_GT(accuracy(learner), 0.95);
}

TEST_F(Learning, GoesOnFromTheNewestSnapshotAfterARestart) {
  std::uint64_t serving = 0;
  {
    Learner learner(options());
    teach(learner, 150);
    serving = learner.state().serving;
  }
  Learner learner(options());
  EXPECT_EQ(learner.state().serving, serving);
  EXPECT_EQ(learner.state().lessons, 150U);
  EXPECT_GT(accuracy(learner), 0.95);
  teach(learner, 60);
  EXPECT_EQ(learner.state().serving, serving + 1);
}

TEST_F(Learning, PassesOverADamagedSnapshot) {
  {
    Learner learner(options());
    teach(learner, 130);
  }
  std::filesystem::resize_file(snapshot(2), 100);
  const Learner learner(options());
  EXPECT_EQ(learner.state().serving, 1U);
  EXPECT_NE(learner.state().last_error, "");
}

TEST_F(Learning, KeepsTheNewestSnapshotsOnly) {
  LearnOptions chosen = options();
  chosen.keep = 2;
  Learner learner(chosen);
  teach(learner, 250);
  EXPECT_EQ(learner.state().serving, 4U);
  EXPECT_FALSE(std::filesystem::exists(snapshot(2)));
  EXPECT_TRUE(std::filesystem::exists(snapshot(3)));
}

TEST_F(Learning, LeavesOutLessonsWithOtherLabels) {
  Learner learner(options());
  for (int i = 0; i < 100; ++i) learner.learn({"some text", "sports"});
  EXPECT_EQ(learner.state().other_labels, 100U);
  EXPECT_EQ(learner.state().lessons, 0U);
}

TEST_F(Learning, TakesAPoisonedModelBack) {
  LearnOptions chosen = options();
  chosen.growth = 0;
  Learner learner(chosen);
  teach(learner, 60);
  teach(learner, 60, 1);
  const double poisoned = accuracy(learner);
  EXPECT_LT(poisoned, 0.8);
  EXPECT_EQ(learner.state().serving, 2U);
  teach(learner, 59);
  EXPECT_EQ(learner.state().rolled_back, 1U);
  EXPECT_EQ(learner.state().serving, 1U);
  EXPECT_GT(accuracy(learner), 0.95);
  EXPECT_FALSE(std::filesystem::exists(snapshot(2)));
}

class Listener : public Observer {
 public:
  void changing() noexcept override { is_open = false; }
  void changed(const std::vector<HeldOutAnswer>& held_out, std::size_t look) noexcept override {
    is_open = true;
    answers = held_out;
    looks.push_back(look);
  }
  std::atomic<bool> is_open = true;
  std::vector<HeldOutAnswer> answers;
  std::vector<std::size_t> looks;
};

TEST_F(Learning, TellsObserversWhatTheNewModelSaysOfHeldOutLessons) {
  Learner learner(options());
  Listener listener;
  learner.add(listener);
  EXPECT_FALSE(listener.is_open);
  for (int i = 0; i < 200; ++i) {
    const std::size_t topic = random_() % 3;
    learner.learn({text_of(topic, random_), kLabels[topic], 5, 10});
  }
  EXPECT_TRUE(listener.is_open);
  EXPECT_EQ(listener.looks.size(), learner.state().trainings);
  EXPECT_TRUE(std::is_sorted(listener.looks.begin(), listener.looks.end()));
  EXPECT_NEAR(static_cast<double>(listener.answers.size()), 0.2 * 180, 15);
  for (const HeldOutAnswer& answer : listener.answers) {
    EXPECT_EQ(answer.evidence.probabilities.size(), 3U);
    EXPECT_EQ(answer.weight, 5);
    EXPECT_EQ(answer.greatest_weight, 10);
  }
  learner.remove(listener);
  const std::size_t told = listener.looks.size();
  teach(learner, 100);
  EXPECT_EQ(listener.looks.size(), told);
}

TEST_F(Learning, ClassifiesWhileModelsChange) {
  LearnOptions chosen = options();
  chosen.wait = false;
  chosen.growth = 0;
  chosen.training.max_epochs = 2;
  Learner learner(chosen);
  std::atomic<bool> is_over = false;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (int reader = 0; reader < 2; ++reader)
    readers.emplace_back([&] {
      std::vector<float> probabilities(3);
      while (!is_over) {
        learner.classifier()->classify("please play a song", probabilities);
        const float sum = probabilities[0] + probabilities[1] + probabilities[2];
        if (!(sum > 0.999F && sum < 1.001F)) ++wrong;
      }
    });
  teach(learner, 300);
  learner.finish();
  is_over = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(learner.state().trainings, 3U);
}

TEST_F(Learning, IsRefusedInAFolderOfAnotherLearner) {
  const Learner learner(options());
  EXPECT_THROW(Learner{options()}, ModelError);
}

TEST_F(Learning, IsRefusedWhereTheFolderCannotBeOne) {
  LearnOptions chosen = options();
  std::ofstream(folder_ / "file") << "taken";
  chosen.folder = folder_ / "file";
  try {
    const Learner learner(chosen);
    FAIL() << "a file was taken for a folder";
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot be the folder of a model that learns"),
              std::string::npos);
  }
}

TEST_F(Learning, TakesLabelsAndFirstModelFromAFile) {
  std::vector<ngram::Example> examples;
  for (int i = 0; i < 200; ++i) {
    const std::size_t topic = random_() % 2;
    examples.push_back({text_of(topic, random_), kLabels[topic]});
  }
  LearnOptions chosen = options();
  chosen.file = folder_ / "first.slm";
  ngram::train(examples, {}, {}, chosen.file);
  {
    LearnOptions own = chosen;
    own.labels.clear();
    const Learner learner(own);
    EXPECT_EQ(*learner.classifier()->labels(), (std::vector<std::string>{"music", "news"}));
    EXPECT_TRUE(learner.classifier()->has_evidence());
    EXPECT_EQ(learner.state().serving, 0U);
  }
  const Learner learner(chosen);
  EXPECT_EQ(learner.classifier()->labels()->size(), 3U);
  LearnOptions fewer = options();
  fewer.folder = folder_ / "fewer";
  fewer.file = chosen.file;
  fewer.labels = {"music", "weather"};
  EXPECT_THROW(Learner{fewer}, ModelError);
}

}  // namespace
}  // namespace slm::learning
