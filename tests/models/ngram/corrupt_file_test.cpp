#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>

#include "models/ngram/model.h"
#include "models/ngram/random.h"
#include "models/ngram/trainer.h"
#include "models/ngram/xxhash64.h"
#include "tests/models/ngram/sample_data.h"

namespace slm::ngram {
namespace {

using Bytes = std::vector<std::byte>;

class NgramFile : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TemporaryFolder folder;
    train(sample_examples(60), {}, {.weights = WeightType::float32, .max_epochs = 2, .max_features = 100},
          folder.file("good.slm"));
    good_ = read_bytes(folder.file("good.slm"));
  }

  // What opening the bytes says; empty where it succeeds.
  std::string complaint(const Bytes& bytes) {
    write_bytes(folder_.file("bad.slm"), bytes);
    try {
      const Model model(folder_.file("bad.slm"));
      std::vector<float> probabilities(model.labels()->size());
      for (const Example& example : sample_examples(5, 2)) model.classify(example.text, probabilities);
      return "";
    } catch (const ModelError& error) {
      return error.what();
    }
  }

  // The good file with its header changed and, as a forger would, the checksum made right.
  static Bytes forged(const std::function<void(Header&)>& change) {
    Header header;
    std::memcpy(&header, good_.data(), sizeof header);
    change(header);
    Bytes bytes = good_;
    std::memcpy(bytes.data(), &header, sizeof header);
    return with_right_checksum(bytes);
  }

  static Bytes with_right_checksum(Bytes bytes) {
    const std::uint64_t checksum = xxhash64(std::span(bytes).subspan(kChecksumBegin));
    std::memcpy(bytes.data() + offsetof(Header, checksum), &checksum, sizeof checksum);
    return bytes;
  }

  static Header good_header() {
    Header header;
    std::memcpy(&header, good_.data(), sizeof header);
    return header;
  }

  TemporaryFolder folder_;
  static inline Bytes good_;
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(NgramFile, OpensWhenItIsWhole) {
  EXPECT_EQ(complaint(good_), "");
}

TEST_F(NgramFile, OpenSaysThatAFileIsMissing) {
  try {
    const Model model(folder_.file("absent.slm"));
    FAIL();
  } catch (const ModelError& error) {
    expect_contains(error.what(), "absent.slm: cannot open the model: No such file");
  }
}

TEST_F(NgramFile, OpenRefusesAFolder) {
  EXPECT_THROW(Model(folder_.file("")), ModelError);
}

TEST_F(NgramFile, OpenRefusesOtherKinds) {
  expect_contains(complaint({}), "is empty");
  Bytes gguf = good_;
  std::memcpy(gguf.data(), "GGUF", 4);
  expect_contains(complaint(gguf), "is not an ngram model");
  expect_contains(complaint(Bytes(3, std::byte{'S'})), "is not an ngram model");
}

TEST_F(NgramFile, OpenRefusesALaterVersion) {
  expect_contains(complaint(forged([](Header& header) { header.version = 2; })), "format version 2");
}

TEST_F(NgramFile, OpenRefusesATruncatedFile) {
  for (std::size_t size = kMagic.size(); size < good_.size(); size += 1 + size / 50)
    expect_contains(complaint(Bytes(good_.begin(), good_.begin() + static_cast<std::ptrdiff_t>(size))),
                    "truncated");
}

TEST_F(NgramFile, OpenRefusesAFileThatIsTooLong) {
  Bytes longer = good_;
  longer.push_back(std::byte{0});
  expect_contains(complaint(longer), "too long");
}

TEST_F(NgramFile, OpenRefusesAnyFlippedBitOfTheHeader) {
  for (std::size_t bit = 0; bit < 8 * sizeof(Header); ++bit) {
    Bytes bytes = good_;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(complaint(bytes), "") << bit;
  }
}

TEST_F(NgramFile, OpenRefusesFlippedBytesAnywhere) {
  for (std::size_t at = 0; at < good_.size(); at += 1 + good_.size() / 300) {
    Bytes bytes = good_;
    bytes[at] ^= std::byte{0x10};
    EXPECT_NE(complaint(bytes), "") << at;
  }
}

TEST_F(NgramFile, OpenRefusesForgedSizes) {
  for (const std::uint32_t count : {0U, 1U, 5U, 100000U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    expect_contains(complaint(forged([&](Header& header) { header.labels = count; })), "damaged");
    expect_contains(complaint(forged([&](Header& header) { header.rows = count; })), "damaged");
    expect_contains(complaint(forged([&](Header& header) { header.slots = count; })), "damaged");
    expect_contains(complaint(forged([&](Header& header) { header.label_bytes = count; })), "damaged");
    expect_contains(complaint(forged([&](Header& header) { header.header_bytes = count; })), "damaged");
  }
}

TEST_F(NgramFile, OpenRefusesForgedSettings) {
  constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
  const std::function<void(Header&)> forgeries[] = {
      [](Header& header) { header.weights = static_cast<WeightType>(2); },
      [](Header& header) { header.word_ngrams = 3; },
      [](Header& header) { header.min_gram_characters = 6; },
      [](Header& header) { header.max_gram_characters = 9; },
      [](Header& header) { header.min_gram_characters = 0; },
      [](Header& header) { header.inverse_temperature = 0; },
      [](Header& header) { header.inverse_temperature = kNotANumber; },
      [](Header& header) { header.unknown_mass[1] = -1; },
      [](Header& header) { header.reserved[3] = 1; },
  };
  for (const auto& forgery : forgeries) expect_contains(complaint(forged(forgery)), "damaged");
}

TEST_F(NgramFile, OpenRefusesASlotWithoutItsRow) {
  const Layout layout = layout_of(good_header());
  Bytes bytes = good_;
  const Slot slot{1, good_header().rows};
  std::memcpy(bytes.data() + layout.slots_begin, &slot, sizeof slot);
  expect_contains(complaint(with_right_checksum(bytes)), "a slot without its row");
}

TEST_F(NgramFile, OpenRefusesATableWithoutAnEmptySlot) {
  const Layout layout = layout_of(good_header());
  Bytes bytes = good_;
  const Slot slot{1, 0};
  for (std::size_t i = 0; i < good_header().slots; ++i)
    std::memcpy(bytes.data() + layout.slots_begin + i * sizeof slot, &slot, sizeof slot);
  expect_contains(complaint(with_right_checksum(bytes)), "without an empty slot");
}

TEST_F(NgramFile, OpenRefusesWeightsThatAreNotFinite) {
  const Layout layout = layout_of(good_header());
  for (const std::size_t at :
       {layout.bias_begin, layout.rows_begin, layout.rows_begin + 4, layout.rows_begin + 8}) {
    Bytes bytes = good_;
    const float infinite = std::numeric_limits<float>::infinity();
    std::memcpy(bytes.data() + at, &infinite, sizeof infinite);
    expect_contains(complaint(with_right_checksum(bytes)), "not a usable number");
  }
}

// Whatever a forger writes, opening refuses or classification works; sanitizers watch for the rest.
TEST_F(NgramFile, StandsRandomForgeries) {
  Random random(42);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = good_;
    const std::size_t range = round % 2 == 0 ? sizeof(Header) + 100 : bytes.size();
    for (std::size_t changes = 1 + random.below(4); changes > 0; --changes)
      bytes[random.below(range)] = static_cast<std::byte>(random.next());
    if (random.below(8) == 0) bytes.resize(random.below(bytes.size()));
    if (bytes.size() > kChecksumBegin) {
      const std::uint64_t size = bytes.size();
      std::memcpy(bytes.data() + offsetof(Header, file_bytes), &size, sizeof size);
      bytes = with_right_checksum(bytes);
    }
    complaint(bytes);
  }
}

}  // namespace
}  // namespace slm::ngram
