#include "runtime/input/input_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <thread>

#include "runtime/signals.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  ::deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstandard(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // as the command does
  packed.resize(ZSTD_compress2(context.get(), packed.data(), packed.size(), text.data(), text.size()));
  return packed;
}

/// Lines that do not compress to nothing: cutting the file then cuts within them.
std::string many_lines(int count) {
  std::string text;
  std::uint64_t random = 1;
  for (int i = 0; i < count; ++i) {
    text += "line " + std::to_string(i);
    for (int j = 0; j < 4; ++j) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      text += ' ' + std::to_string(random);
    }
    text += '\n';
  }
  return text;
}

struct Read {
  std::vector<std::string> texts;
  std::vector<std::string> ids;
  std::string error;
};

Read read_all(InputFiles& files) {
  Read read;
  try {
    while (const auto item = files.next()) {
      read.texts.push_back(item->request.text);
      read.ids.push_back(item->id_json);
    }
  } catch (const InputError& error) {
    read.error = error.what();
  }
  return read;
}

Read read_all(const std::vector<std::string>& names, SourceOptions options = {}) {
  InputFiles files{names, std::move(options)};
  return read_all(files);
}

std::string error_of(const std::vector<std::string>& names) {
  try {
    const InputFiles files{names, {}};
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

class InputFilesTest : public ::testing::Test {
 protected:
  std::string name(const std::string& of) const { return (folder_ / of).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text).string();
  }
  TemporaryFolder folder_;
};

TEST_F(InputFilesTest, ComeAsTheyAreNamedAndThoseOfAPatternByName) {
  write("b.txt", "b\n");
  write("B.txt", "B\n");
  write("a.txt", "a\n");
  write("z.txt", "z\n");
  const auto last = write("0.text", "0\n");
  const auto first = write("first.csv", "text\nfirst\n");
  const auto read = read_all({first, name("[a-zA-Z].txt"), last});
  EXPECT_EQ(read.texts, (std::vector<std::string>{"first", "B", "a", "b", "z", "0"}));
}

TEST_F(InputFilesTest, LinesWithoutAnIdAreToldApartByTheirFiles) {
  const auto a = write("a.jsonl", "{\"text\": \"x\"}\n{\"id\": 2, \"text\": \"x\"}\n");
  const auto b = write("b \"q\".jsonl", "\n{\"text\": \"x\", \"id\": null}");
  const auto c = write("c.csv", "id,text\n,x\n7,x\n");
  EXPECT_EQ(read_all({a, b, c}).ids,
            (std::vector<std::string>{"\"" + a + ":1\"", "2", "\"" + name("b \\\"q\\\".jsonl") + ":2\"",
                                      "\"" + c + ":2\"", "\"7\""}));
  EXPECT_EQ(read_all({a}).ids, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(read_all({name("a.json*")}).ids.front(), "\"" + a + ":1\"")
      << "as it will be when the pattern has more files";
}

TEST_F(InputFilesTest, AFileMayBeCalledAsAPattern) {
  write("a1.txt", "other\n");
  const auto read = read_all({write("a[1].txt", "it\n")});
  EXPECT_EQ(read.texts, std::vector<std::string>{"it"});
  EXPECT_EQ(read.ids, std::vector<std::string>{"1"});
}

TEST_F(InputFilesTest, WhatCannotBeUsedIsToldBeforeAnythingIsRead) {
  const auto good = write("good.jsonl", "{\"text\": \"x\"}\n");
  std::filesystem::create_symlink(good, folder_ / "link.jsonl");
  std::filesystem::create_directory(folder_ / "folder.jsonl");
  EXPECT_EQ(error_of({name("*.csv")}), "no file matches `" + name("*.csv") + "`");
  EXPECT_NE(error_of({good, name("missing.jsonl")}).find("missing.jsonl: No such file"), std::string::npos);
  EXPECT_NE(error_of({good, name("folder.jsonl")}).find("folder.jsonl: Is a directory"), std::string::npos);
  EXPECT_NE(error_of({good, write("a.parquet", "")}).find("a.parquet"), std::string::npos);
  EXPECT_NE(
      error_of({good, write("a.csv", "body\nx\n")}).find("a.csv: line 1: the header has no column `text`"),
      std::string::npos);
  EXPECT_EQ(error_of({good, good}), "the input " + good + " comes twice");
  EXPECT_EQ(error_of({good, name("link.*")}),
            "the input " + name("link.jsonl") + " comes twice, first as " + good);
}

TEST_F(InputFilesTest, ALastLineWithoutAnEndIsNotMixedWithTheNextFile) {
  const auto read = read_all({write("a.txt", "a\nb"), write("none.txt", ""), write("c.txt", "c\r\n")});
  EXPECT_EQ(read.texts, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(InputFilesTest, EveryFileMayHaveAByteOrderMarkAndAHeader) {
  const auto read =
      read_all({write("a.csv", "\xEF\xBB\xBFtext,n\na,1\n"), write("b.csv", "\xEF\xBB\xBFn,text\n1,b\n")});
  EXPECT_EQ(read.texts, (std::vector<std::string>{"a", "b"}));
}

TEST_F(InputFilesTest, PackedFilesAreReadWhateverTheyAreCalled) {
  const auto read =
      read_all({write("a.csv.gz", gzipped("text\na\n")), write("b.jsonl.zst", zstandard("{\"text\": \"b\"}")),
                write("c.txt", gzipped("c")), write("d.txt.gz", "d\n")});
  EXPECT_EQ(read.texts, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(InputFilesTest, MembersAndFramesFollowEachOther) {
  const std::string skippable("\x53\x2A\x4D\x18\x03\0\0\0abc", 11);
  const auto read =
      read_all({write("a.txt.gz", gzipped("a\nb") + gzipped("") + gzipped("c\n")),
                write("b.txt.zst", skippable + zstandard("d\ne") + skippable + zstandard("f\n"))});
  EXPECT_EQ(read.texts, (std::vector<std::string>{"a", "bc", "d", "ef"}));
  EXPECT_EQ(read.error, "");
}

TEST_F(InputFilesTest, NothingIsInAnEmptyFilePackedOrNot) {
  const auto read = read_all({write("a.txt", ""), write("b.txt.gz", ""), write("c.txt.gz", gzipped("")),
                              write("d.txt.zst", zstandard("")), write("e.csv.gz", gzipped(""))});
  EXPECT_TRUE(read.texts.empty());
  EXPECT_EQ(read.error, "");
}

TEST_F(InputFilesTest, BigPackedFilesComeWholeAndTellHowFarTheyAreRead) {
  const auto text = many_lines(20'000);
  for (const auto& packed : {gzipped(text), zstandard(text)}) {
    InputFiles files{{write("a.txt", packed), write("b.txt", text)}, {}};
    EXPECT_EQ(files.size_bytes(), packed.size() + text.size());
    const auto read = read_all(files);
    ASSERT_EQ(read.texts.size(), 40'000U);
    EXPECT_TRUE(std::equal(read.texts.begin(), read.texts.begin() + 20'000, read.texts.begin() + 20'000));
    EXPECT_EQ(files.bytes_read(), packed.size() + text.size());
  }
}

TEST_F(InputFilesTest, WhatComesBeforeACutOrDamageIsGiven) {
  const auto text = many_lines(20'000);
  for (const auto& packed : {gzipped(text), zstandard(text)}) {
    const auto next = write("next.txt", "never read\n");
    auto read = read_all({write("cut.txt", packed.substr(0, packed.size() / 2)), next});
    EXPECT_EQ(read.error, "cannot unpack " + name("cut.txt") + ": its compressed data is cut off");
    EXPECT_GT(read.texts.size(), 6'000U);
    EXPECT_LT(read.texts.size(), 14'000U);
    EXPECT_EQ(read.texts.front().substr(0, 7), "line 0 ");

    auto damaged = packed;
    for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 1000; ++i) damaged[i] = '\xFF';
    read = read_all({write("damaged.txt", damaged), next});
    EXPECT_EQ(read.error.find("cannot unpack " + name("damaged.txt") + ": "), 0U) << read.error;
    EXPECT_GT(read.texts.size(), 6'000U);

    read = read_all({write("tail.txt", packed + "rubbish"), next});
    EXPECT_EQ(read.error.find("cannot unpack " + name("tail.txt") + ": "), 0U) << read.error;
    EXPECT_EQ(read.texts.size(), 20'000U);
  }
}

TEST_F(InputFilesTest, APipeIsReadWhenItsTurnComes) {
  const auto pipe = name("pipe.txt");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  InputFiles files{{write("a.txt", "a\n"), pipe}, {}};
  EXPECT_EQ(files.size_bytes(), 0U);
  EXPECT_EQ(files.next()->request.text, "a");
  const std::jthread writer{[&] { std::ofstream{pipe, std::ios::binary} << gzipped("b\n"); }};
  EXPECT_EQ(files.next()->request.text, "b");
  EXPECT_FALSE(files.next());
}

TEST_F(InputFilesTest, APipeThatNobodyWritesToCanBeGivenUp) {
  const auto pipe = name("pipe.txt");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Flag stop;
  InputFiles files{{pipe, write("a.txt", "a\n")}, {}, stop.descriptor()};
  stop.set();
  EXPECT_FALSE(files.next());
}

}  // namespace
}  // namespace slm::runtime
