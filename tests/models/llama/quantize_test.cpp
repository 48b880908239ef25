#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "models/llama/gguf_file.h"
#include "models/llama/quantize.h"
#include "tests/models/llama/plain_decoding.h"
#include "tests/models/llama/tiny_model.h"

namespace slm::testing {
namespace {

/// Rows of 256, which the blocks of all types divide.
std::filesystem::path original() {
  static const auto file = write({.width = 256, .context = 64}, "original.gguf");
  return file;
}

std::string type_of(const std::filesystem::path& file, const char* tensor) {
  const auto gguf = llama::open_gguf(file);
  const auto id = gguf_find_tensor(gguf.get(), tensor);
  return id < 0 ? "none" : llama::type_name(gguf_get_tensor_type(gguf.get(), id));
}

/// The mean of ln p over a text's tokens: that of a perplexity.
double mean_logprob(const std::filesystem::path& file, const std::string& text) {
  PlainDecoding plain(file, 64);
  const auto tokens = plain.tokenize(text, false);
  return plain.logprob("play", tokens) / static_cast<double>(tokens.size());
}

std::string error_of(const std::filesystem::path& file, const llama::QuantizeOptions& options) {
  try {
    llama::quantize(file, test_folder() / "refused.gguf", options);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

struct Case {
  const char* to;
  const char* type;     // of most tensors
  double most_of_size;  // of the F32 file
  double most_off;      // of the mean ln p
};

class EachType : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Quantize, EachType,
                         ::testing::Values(Case{"F16", "F16", 0.52, 0.01}, Case{"Q8_0", "Q8_0", 0.30, 0.05},
                                           Case{"Q6_K", "Q6_K", 0.25, 0.35},
                                           Case{"Q5_K_M", "Q5_K", 0.23, 0.8}, Case{"Q5_0", "Q5_0", 0.23, 0.8},
                                           Case{"Q4_K_M", "Q4_K", 0.21, 1.2},
                                           Case{"Q4_0", "Q4_0", 0.20, 1.2}),
                         [](const auto& one) { return std::string(one.param.type); });

TEST_P(EachType, GivesASmallerModelThatSaysNearlyTheSame) {
  const Case& tried = GetParam();
  const auto file = test_folder() / (std::string(tried.to) + ".gguf");
  std::vector<int> begun;
  const auto report = llama::quantize(original(), file, {.to = tried.to}, [&](int tensor, int of) {
    begun.push_back(tensor);
    EXPECT_EQ(of, 21);
  });
  EXPECT_EQ(begun.size(), 21U);
  EXPECT_EQ(report.before.quantisation, "F32");
  EXPECT_EQ(report.after.quantisation, tried.type);
  EXPECT_EQ(report.after.file_bytes, std::filesystem::file_size(file));
  EXPECT_LT(static_cast<double>(report.after.file_bytes),
            tried.most_of_size * static_cast<double>(report.before.file_bytes));
  EXPECT_TRUE(report.unlike.empty());
  const std::string text = PlainDecoding(original(), 64).greedy("play", 24).text;
  ASSERT_FALSE(text.empty());
  EXPECT_NEAR(mean_logprob(file, text), mean_logprob(original(), text), tried.most_off);
}

TEST(Quantize, GivesTensorsTypesOfTheirOwn) {
  const auto file = test_folder() / "own.gguf";
  const auto report = llama::quantize(
      original(), file, {.to = "Q4_0", .tensors = {{"blk\\.1\\.attn_v", "Q6_K"}, {"attn_v", "Q8_0"}}});
  EXPECT_EQ(type_of(file, "blk.0.attn_v.weight"), "Q8_0");
  EXPECT_EQ(type_of(file, "blk.1.attn_v.weight"), "Q6_K") << "the first pattern that fits counts";
  EXPECT_EQ(type_of(file, "blk.0.attn_q.weight"), "Q4_0");
  EXPECT_EQ(report.tensors.at("Q8_0"), 1U);
  EXPECT_TRUE(report.unlike.empty());
}

TEST(Quantize, TellsOfTensorsThatCouldNotGetTheirType) {
  const auto narrow = write({.width = 64}, "narrow.gguf");
  const auto file = test_folder() / "fallback.gguf";
  const auto report = llama::quantize(narrow, file, {.to = "Q4_K_M", .tensors = {{"ffn_norm", "Q8_0"}}});
  const auto told = [&](const std::string& tensor) {
    for (const auto& unlike : report.unlike)
      if (unlike.name == tensor) return unlike.wanted + " " + unlike.written;
    return std::string();
  };
  EXPECT_EQ(told("blk.0.attn_q.weight"), "Q4_K Q5_0");
  EXPECT_EQ(told("blk.0.ffn_norm.weight"), "Q8_0 F32");
  EXPECT_EQ(told("blk.0.attn_norm.weight"), "") << "nobody asked for another type";
  PlainDecoding loads(file);
}

TEST(Quantize, RefusesWhatIsQuantisedAlreadyUnlessToldTo) {
  const auto once = test_folder() / "once.gguf";
  llama::quantize(original(), once, {.to = "Q8_0"});
  const auto error = error_of(once, {.to = "Q4_0"});
  EXPECT_NE(error.find("quantised already"), std::string::npos) << error;
  EXPECT_NE(error.find("--requantize"), std::string::npos) << error;
  const auto twice = test_folder() / "twice.gguf";
  llama::quantize(once, twice, {.to = "Q4_0", .may_requantize = true});
  EXPECT_EQ(type_of(twice, "blk.0.attn_q.weight"), "Q4_0");
}

TEST(Quantize, RefusesOptionsThatCannotBeFollowed) {
  EXPECT_NE(error_of(original(), {.to = "Q4_0", .tensors = {{"atn_v", "Q8_0"}}}).find("no tensor's name has"),
            std::string::npos);
  EXPECT_NE(
      error_of(original(), {.to = "Q4_0", .tensors = {{"attn_(v", "Q8_0"}}}).find("no regular expression"),
      std::string::npos);
  EXPECT_NE(error_of(original(), {.to = "F16", .tensors = {{"attn_v", "Q8_0"}}}).find("quantised one"),
            std::string::npos);
  EXPECT_NE(error_of(original(), {.to = "Q9"}).find("no quantisation"), std::string::npos);
}

TEST(Quantize, RefusesFilesThatAreNoWholeModel) {
  const auto junk = test_folder() / "quantised-junk.gguf";
  std::ofstream(junk) << "not a model";
  EXPECT_NE(error_of(junk, {.to = "Q8_0"}).find("no GGUF"), std::string::npos);
  const auto cut = test_folder() / "quantised-cut.gguf";
  std::filesystem::copy_file(original(), cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 4096);
  EXPECT_NE(error_of(cut, {.to = "Q8_0"}).find("cut off"), std::string::npos);
  EXPECT_NE(error_of(test_folder() / "quantised-missing.gguf", {.to = "Q8_0"}), "");
}

TEST(Quantize, TellsThatAFullDiskIsFull) {
  try {
    llama::quantize(original(), "/dev/full", {.to = "Q8_0"});
    FAIL() << "nothing can be written there";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_space_on_device) << error.what();
  }
}

}  // namespace
}  // namespace slm::testing
