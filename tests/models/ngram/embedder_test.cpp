#include "models/ngram/embedder.h"

#include <gtest/gtest.h>

#include <numeric>

namespace slm::ngram {
namespace {

Embedding embedded(const std::string& text) {
  Embedding embedding;
  embedder().embedder->embed({text, {}},
                             [&](EmbeddingResult result) { embedding = std::get<Embedding>(result); });
  return embedding;
}

float cosine(const std::string& one, const std::string& other) {
  const Embedding a = embedded(one);
  const Embedding b = embedded(other);
  EXPECT_EQ(a.size(), b.size());
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

TEST(NgramEmbedder, FindsNearWhatIsWordedAlike) {
  EXPECT_NEAR(cosine("Play some jazz", "play some JAZZ!"), 1, 1e-5);
  EXPECT_GT(cosine("please play some jazz for me", "play some jazz for me"), 0.7);
  EXPECT_GT(cosine("set an alarm for seven", "set alarms for seven"), 0.5);
  EXPECT_LT(cosine("play some jazz", "will it rain in Paris tomorrow"), 0.3);
  EXPECT_LT(cosine("dog bites man again", "man bites dog again"), 0.95) << "the order of words counts";
}

TEST(NgramEmbedder, HasAnEmbeddingForEveryText) {
  for (const std::string text : {"", "?!", "\xff\xfe", "日本語のテキスト"})
    EXPECT_NEAR(cosine(text, text), 1, 1e-5) << text;
  EXPECT_LT(cosine("日本語のテキスト", "中文文本"), 0.5);
}

}  // namespace
}  // namespace slm::ngram
