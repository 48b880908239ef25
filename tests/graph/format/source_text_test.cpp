#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

#include "graph/pipeline.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

std::string problem_of_text(const std::string& yaml) {
  try {
    Pipeline::parse(yaml, "p.yaml");
    return {};
  } catch (const PipelineError& error) {
    return error.what();
  }
}

std::string problem_of_file(const std::filesystem::path& file) {
  try {
    Pipeline::load(file);
    return {};
  } catch (const PipelineError& error) {
    return error.what();
  }
}

std::string utf16(const std::string& ascii, bool is_big_endian) {
  std::string text;
  for (const char c : ascii) {
    if (is_big_endian) text += '\0';
    text += c;
    if (!is_big_endian) text += '\0';
  }
  return text;
}

TEST(SourceText, SaysWhyAFileCannotBeRead) {
  const testing::TemporaryFolder folder;
  const std::string missing = folder / "missing.yaml";
  EXPECT_EQ(problem_of_file(missing),
            missing + ": error: cannot be read: No such file or directory; expected a pipeline file");
  EXPECT_EQ(problem_of_file(folder.path()),
            folder.path().string() + ": error: cannot be read: it is a directory; expected a pipeline file");
  if (geteuid() == 0) return;
  const std::filesystem::path locked = folder.write("locked.yaml", "pipeline: p\n");
  std::filesystem::permissions(locked, std::filesystem::perms::none);
  EXPECT_EQ(problem_of_file(locked),
            locked.string() + ": error: cannot be read: Permission denied; expected a pipeline file");
}

TEST(SourceText, ReadsAnEmptyFile) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path empty = folder.write("empty.yaml", "");
  EXPECT_EQ(problem_of_file(empty),
            empty.string() + ": error: it holds 0 YAML documents; expected one pipeline");
}

TEST(SourceText, RefusesUtf16) {
  const std::string expected = "p.yaml:1:1: error: it is UTF-16; expected a text in UTF-8";
  for (const bool is_big_endian : {false, true}) {
    const std::string mark = is_big_endian ? "\xFE\xFF" : "\xFF\xFE";
    EXPECT_EQ(problem_of_text(mark + utf16("pipeline: p\n", is_big_endian)), expected);
    EXPECT_EQ(problem_of_text(utf16("pipeline: p\n", is_big_endian)), expected);
  }
}

TEST(SourceText, RefusesWhatUtf8DoesNotAllow) {
  for (const char* sequence : {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                               "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    const std::string problem = problem_of_text(std::string{"pipeline: p\n# "} + sequence);
    EXPECT_EQ(problem.find("p.yaml:2:3: error: not UTF-8: the byte 0x"), 0U) << problem;
  }
  for (const char* sequence : {"é", "€", "😀", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(problem_of_text(std::string{"# "} + sequence).find("UTF-8"), std::string::npos) << sequence;
}

TEST(SourceText, RefusesAZeroByte) {
  EXPECT_EQ(problem_of_text(std::string{"pipeline: p\nve\0rsion: 1", 24}),
            "p.yaml:2:3: error: the control character 0x00; expected a text without any");
}

}  // namespace
}  // namespace slm
