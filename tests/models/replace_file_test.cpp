#include "models/replace_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <system_error>

#include "tests/models/ngram/sample_data.h"

namespace slm {
namespace {

using Bytes = std::vector<std::byte>;

class ReplaceFile : public testing::Test {
 protected:
  std::string complaint(const std::filesystem::path& file) const {
    try {
      replace_file(file, bytes_, {});
      return "";
    } catch (const std::system_error& error) {
      return error.what();
    }
  }
  std::string early_complaint(const std::filesystem::path& file) const {
    try {
      check_replaceable(file);
      return "";
    } catch (const std::system_error& error) {
      return error.what();
    }
  }

  ngram::TemporaryFolder folder_;
  Bytes bytes_{std::byte{1}, std::byte{2}};
};

TEST_F(ReplaceFile, RefusesWhatIsNoRegularFileAndLeavesIt) {
  // A named pipe stands for devices, which not everybody may make.
  const auto pipe = folder_.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(complaint(pipe).find("pipe, which is a device, a pipe or a socket"), std::string::npos)
      << complaint(pipe);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  const auto link = folder_.file("link");
  std::filesystem::create_symlink(pipe, link);
  EXPECT_NE(complaint(link), "");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_NE(complaint(folder_.file("")), "") << "a folder";
  EXPECT_EQ(folder_.count_files(), 2U);
}

TEST_F(ReplaceFile, ALinkGoesOnLeadingToTheFile) {
  ngram::write_bytes(folder_.file("m.slm"), {});
  std::filesystem::create_symlink("m.slm", folder_.file("link"));
  EXPECT_EQ(complaint(folder_.file("link")), "");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.file("link")));
  EXPECT_EQ(ngram::read_bytes(folder_.file("m.slm")), bytes_);
  std::filesystem::remove(folder_.file("m.slm"));
  EXPECT_NE(complaint(folder_.file("link")).find("a link that leads nowhere"), std::string::npos);
}

TEST_F(ReplaceFile, ComplaintsAreKnownBeforehandAndNameTheFileThatWasAskedFor) {
  ASSERT_EQ(::mkfifo(folder_.file("pipe").c_str(), 0600), 0);
  for (const auto& file : {folder_.file("pipe"), folder_.file(""), folder_.file("absent/m.slm"),
                           folder_.file(std::string(300, 'x')), std::filesystem::path{}}) {
    EXPECT_NE(early_complaint(file).find("cannot write " + file.string()), std::string::npos)
        << early_complaint(file);
    EXPECT_EQ(early_complaint(file), complaint(file));
    EXPECT_EQ(early_complaint(file).find(".tmp"), std::string::npos) << early_complaint(file);
  }
  EXPECT_EQ(early_complaint(folder_.file("m.slm")), "");
  EXPECT_EQ(folder_.count_files(), 1U) << "asking leaves nothing behind";
}

}  // namespace
}  // namespace slm
