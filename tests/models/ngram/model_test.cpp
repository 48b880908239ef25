#include "models/ngram/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <thread>

#include "models/ngram/trainer.h"
#include "tests/models/ngram/sample_data.h"

namespace slm::ngram {
namespace {

class NgramModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<TemporaryFolder>();
    train(sample_examples(400), {}, {.weights = WeightType::int8}, folder->file("int8.slm"));
    train(sample_examples(400), {}, {.weights = WeightType::float32}, folder->file("f32.slm"));
  }
  static void TearDownTestSuite() { folder.reset(); }

  static std::vector<float> classify(const Model& model, std::string_view text) {
    std::vector<float> probabilities(model.labels()->size());
    model.classify(text, probabilities);
    return probabilities;
  }

  static std::string label(const Model& model, std::string_view text) {
    const std::vector<float> p = classify(model, text);
    return (*model.labels())[static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
  }

  static inline std::unique_ptr<TemporaryFolder> folder;
  Model int8_{folder->file("int8.slm")};
  Model f32_{folder->file("f32.slm")};
};

TEST_F(NgramModel, LabelsWhatItHasLearnt) {
  EXPECT_EQ(label(int8_, "please play some old tunes"), "music");
  EXPECT_EQ(label(int8_, "is it going to be windy at noon"), "weather");
  EXPECT_EQ(label(int8_, "wake me at seven"), "alarm");
}

TEST_F(NgramModel, LabelsMisspeltWords) {
  EXPECT_EQ(label(int8_, "playy mi playlistt"), "music");
  EXPECT_EQ(label(int8_, "rainning in zurich"), "weather");
}

TEST_F(NgramModel, IgnoresLetterCaseAndPunctuation) {
  EXPECT_EQ(classify(int8_, "PLAY a song, by BJÖRK!"), classify(int8_, "play a song by björk"));
}

TEST_F(NgramModel, AgreesForBothWeightTypes) {
  for (const Example& example : sample_examples(50, 99)) {
    const std::vector<float> one = classify(int8_, example.text), other = classify(f32_, example.text);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], other[i], 0.02) << example.text;
  }
}

TEST_F(NgramModel, GivesProbabilitiesForAnyBytes) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const std::string texts[] = {"",         " \t\r\n",     std::string(3, '\0'),      "\xff\xfe\x80",
                               "\xe2\x80", all_bytes,     std::string(1000, '\xf0'), "日本語のテキスト",
                               "😀😀😀",      "zzzzqqq xkcd"};
  for (const std::string& text : texts) {
    for (const Model* model : {&int8_, &f32_}) {
      const std::vector<float> p = classify(*model, text);
      EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-5);
      for (const float probability : p) EXPECT_TRUE(probability >= 0 && probability <= 1);
    }
  }
}

TEST_F(NgramModel, IsUnsureOfAnEmptyText) {
  const std::vector<float> p = classify(int8_, "");
  EXPECT_LT(*std::max_element(p.begin(), p.end()), 0.6);
}

TEST_F(NgramModel, LabelsAMegabyte) {
  std::string text;
  while (text.size() < 1'000'000) text += "will it be sunny tomorrow in " + std::to_string(text.size()) + ' ';
  EXPECT_EQ(label(int8_, text), "weather");
  const std::vector<float> p = classify(int8_, std::string(1'000'000, 'q'));
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-5);
}

TEST_F(NgramModel, GivesTheSameAnswersFromManyThreads) {
  const std::vector<Example> examples = sample_examples(200, 3);
  std::vector<std::vector<float>> expected;
  for (const Example& example : examples) expected.push_back(classify(int8_, example.text));
  std::vector<int> differences(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : differences) {
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round)
          for (std::size_t i = 0; i < examples.size(); ++i)
            count += classify(int8_, examples[i].text) == expected[i] ? 0 : 1;
      });
    }
  }
  EXPECT_EQ(differences, std::vector<int>(4));
}

TEST_F(NgramModel, GoesOnWhateverBecomesOfItsFile) {
  const auto file = folder->file("short-lived.slm");
  write_bytes(file, read_bytes(folder->file("int8.slm")));
  const Model model(file);
  const std::vector<float> expected = classify(int8_, "play some jazz");
  const auto size = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, 0);
  EXPECT_EQ(classify(model, "play some jazz"), expected) << "cut off";
  std::ofstream(file, std::ios::binary) << std::string(size, '\x7f');
  EXPECT_EQ(classify(model, "play some jazz"), expected) << "written over";
}

TEST_F(NgramModel, DescribesItself) {
  const slm::Model loaded = load(folder->file("int8.slm"));
  EXPECT_EQ(loaded.info.format, "ngram");
  EXPECT_EQ(loaded.info.name, "int8");
  EXPECT_EQ(loaded.info.quantisation, "int8");
  EXPECT_EQ(loaded.info.tokenizer, "words 1-2, characters 2-5");
  EXPECT_EQ(loaded.info.labels, (std::vector<std::string>{"alarm", "music", "other", "weather"}));
  EXPECT_EQ(loaded.info.file_bytes, std::filesystem::file_size(folder->file("int8.slm")));
  EXPECT_EQ(loaded.info.checksum.size(), 16U);
  EXPECT_NE(loaded.info.checksum, f32_.info().checksum);
  EXPECT_EQ(*loaded.classifier->labels(), loaded.info.labels);
  EXPECT_EQ(loaded.generator, nullptr);
}

}  // namespace
}  // namespace slm::ngram
