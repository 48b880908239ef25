#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "models/ngram/words.h"
#include "models/ngram/xxhash64.h"

namespace slm::ngram {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> found;
  Word word;
  for (Words words(text); words.next(word);) found.emplace_back(word.marked());
  return found;
}

std::vector<std::uint64_t> grams_of(std::string_view text, std::size_t min, std::size_t max) {
  std::vector<std::uint64_t> hashes;
  Word word;
  for (Words words(text); words.next(word);)
    for_each_gram(word, min, max, [&](std::uint64_t hash) { hashes.push_back(hash); });
  return hashes;
}

std::uint64_t digest(std::string_view text) {
  return xxhash64(std::as_bytes(std::span(text)));
}

TEST(Words, SplitAtSpacesAndPunctuation) {
  EXPECT_EQ(words_of(" What's up,  Doc? \t10:30\n"),
            (std::vector<std::string>{"<what>", "<s>", "<up>", "<doc>", "<10>", "<30>"}));
}

TEST(Words, FoldLetterCaseOfLatinGreekAndCyrillic) {
  EXPECT_EQ(words_of("ÀÖØÞß×Ÿ ŁÓDŹ ΑΩ ЁЖЯ"), words_of("àöøþß×ÿ łódź αω ёжя"));
}

TEST(Words, TakeTypographicPunctuationAsSeparators) {
  EXPECT_EQ(words_of("what’s “up”… ¿no? 日本。語"), words_of("what s up no 日本 語"));
}

TEST(Words, TakeNulAndControlBytesAsSeparators) {
  EXPECT_EQ(words_of(std::string_view("a\0b\x01"
                                      "c",
                                      5)),
            words_of("a b c"));
}

TEST(Words, KeepBytesThatAreNotUtf8) {
  EXPECT_EQ(words_of("\xff\xfe \x80"), (std::vector<std::string>{"<\xff\xfe>", "<\x80>"}));
}

TEST(Words, CutLongRunsBetweenCodePoints) {
  std::string run = "x";
  for (int i = 0; i < 40; ++i) run += "é";
  const std::vector<std::string> words = words_of(run);
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0].size(), 63 + 2U);
  EXPECT_EQ(words[1].size(), 18 + 2U);
}

TEST(Words, CutRunsOfContinuationBytesAnywhere) {
  const std::vector<std::string> words = words_of(std::string(200, '\x80'));
  ASSERT_EQ(words.size(), 4U);
  EXPECT_EQ(words[3].size(), 8 + 2U);
}

TEST(Words, NeverReadPastTheEndOfTheText) {
  // Heap copies of every prefix, so that a sanitizer sees a step too far.
  const std::string text = "caf\xc3\xa9 \xe2\x80\x99 \xf0\x9f\x98\x80 \xe2\x80 \xc2";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::vector<char> copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_LE(words_of({copy.data(), copy.size()}).size(), 6U);
  }
}

TEST(Grams, CountCodePointsNotBytes) {
  EXPECT_EQ(grams_of("abc", 2, 3).size(), 4 + 3U);
  EXPECT_EQ(grams_of("äöü", 2, 3).size(), 4 + 3U);
  EXPECT_EQ(grams_of("a", 4, 5).size(), 0U);
}

TEST(Grams, DifferFromOneAnotherAndFromWords) {
  const std::vector<std::uint64_t> hashes = grams_of("abcdefghijklmnop", 1, 8);
  std::set<std::uint64_t> distinct(hashes.begin(), hashes.end());
  EXPECT_EQ(distinct.size(), hashes.size());
  Word word;
  Words words("abc");
  ASSERT_TRUE(words.next(word));
  const std::vector<std::uint64_t> whole = grams_of("abc", 5, 5);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_NE(whole[0], word.hash);
}

TEST(FeatureHash, DoesNotDependOnBytesBehind) {
  const char one[] = "abcXXXXXXXX", two[] = "abcYYYYYYYY";
  EXPECT_EQ(hash_bytes(FeatureKind::gram, one, 3), hash_bytes(FeatureKind::gram, two, 3));
}

// The vectors of docs/ngram-format.md.
TEST(FeatureHash, GivesTheSpecifiedValues) {
  Words words("Play Müsic internationalisation");
  Word play, music, longest;
  ASSERT_TRUE(words.next(play) && words.next(music) && words.next(longest));
  EXPECT_EQ(play.hash, 0xE08AF4E6AAC14661U);
  EXPECT_EQ(music.hash, 0x43E178E0A592619FU);
  EXPECT_EQ(longest.hash, 0x50FBC6A01FE526E3U);
  EXPECT_EQ(hash_pair(play.hash, music.hash), 0x5036C82D296DEFC8U);
  EXPECT_EQ(hash_pair(kTextStart, play.hash), 0xD211426ACCAD39E8U);
  EXPECT_EQ(hash_pair(music.hash, kTextEnd), 0x29456902FDCE382BU);
  EXPECT_EQ(grams_of("Play", 2, 2)[0], 0x2E9D582730E079A3U);
}

TEST(FeatureHash, TellsTheOrderOfAPair) {
  EXPECT_NE(hash_pair(1, 2), hash_pair(2, 1));
}

// Published digests of the algorithm, seed 0.
TEST(XxHash64, GivesThePublishedDigests) {
  EXPECT_EQ(digest(""), 0xEF46DB3751D8E999U);
  EXPECT_EQ(digest("a"), 0xD24EC4F1A98C6E5BU);
  EXPECT_EQ(digest("abc"), 0x44BC2CF5AD770999U);
  EXPECT_EQ(digest("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1U);
}

}  // namespace
}  // namespace slm::ngram
