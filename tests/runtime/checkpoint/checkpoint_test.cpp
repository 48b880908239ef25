#include "runtime/checkpoint/checkpoint.h"

#include <gmock/gmock.h>

#include <fstream>

#include "runtime/output/json_lines_sink.h"
#include "runtime/output/sqlite_sink.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::text_of_file;
using ::testing::UnorderedElementsAre;

const RunIdentity kIdentity = {{"input 1", "a.jsonl with 10 bytes"}, {"--ordered", "no"}};

std::vector<ResultPtr> results(const std::vector<std::uint64_t>& numbers) {
  std::vector<ResultPtr> made;
  for (const auto number : numbers) {
    auto& result = made.emplace_back(std::make_unique<Result>());
    result->item.number = number;
    result->item.id_json = std::to_string(number);
    result->outcome.kind = OutcomeKind::answered;
  }
  return made;
}

template <class Call>
std::string problem_of(Call call) {
  try {
    call();
  } catch (const OutputError& error) {
    return error.what();
  }
  return "";
}

/// What a run left in each kind of output is the same to a checkpoint.
class CheckpointTest : public ::testing::TestWithParam<OutputFormat> {
 protected:
  std::unique_ptr<OutcomeSink> sink() const { return open_output(output_, GetParam()); }
  Checkpoint checkpoint() const { return {file_, kIdentity}; }

  /// Notes that items are written, and writes them.
  static void write(Checkpoint& checkpoint, OutcomeSink& sink, const std::vector<std::uint64_t>& items,
                    std::uint64_t from) {
    Step step{
        .from = {from, 0, from + 1, from * 10}, .items = items, .summary = "up to " + std::to_string(from)};
    const auto made = results(items);
    step.output = sink.stage(made);
    checkpoint.note(step);
    ASSERT_EQ(sink.write(), items.size()) << sink.error();
  }

  TemporaryFolder folder_;
  const std::filesystem::path output_ = folder_ / "out";
  const std::filesystem::path file_ = folder_ / "run.checkpoint";
};

TEST_P(CheckpointTest, GoesOnAfterTheLastStepThatIsWritten) {
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    EXPECT_FALSE(checkpoint.resume(*sink)) << "nothing is done";
    write(checkpoint, *sink, {0, 2}, 1);
    write(checkpoint, *sink, {1, 5}, 3);
    const auto lost = results({3});
    checkpoint.note({.from = {4}, .items = {3}, .output = sink->stage(lost), .summary = "never written"});
  }
  auto sink = this->sink();
  const auto reached = checkpoint().resume(*sink);
  ASSERT_TRUE(reached);
  EXPECT_EQ(reached->from.number, 3U);
  EXPECT_EQ(reached->from.begin, 30U);
  EXPECT_EQ(reached->items, (std::vector<std::uint64_t>{5})) << "others stand before the place to go on";
  EXPECT_EQ(reached->summary, "up to 3");
}

TEST_P(CheckpointTest, TakesBackWhatIsWrittenAndNotNoted) {
  std::uint64_t end = 0;
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    checkpoint.resume(*sink);
    write(checkpoint, *sink, {0}, 0);
    const auto noted = results({0});
    end = sink->stage(results({})).end;
    const auto more = results({1, 2});
    sink->stage(more);
    sink->write();
  }
  auto sink = this->sink();
  ASSERT_TRUE(checkpoint().resume(*sink));
  EXPECT_EQ(sink->stage(results({})).end, end) << "where the next outcome goes";
}

TEST_P(CheckpointTest, OfManyStepsOneIsLeftOnceTheyAreSettled) {
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    checkpoint.resume(*sink);
    for (std::uint64_t i = 0; i < 5000; ++i) {
      write(checkpoint, *sink, {i}, i);
      if (checkpoint.is_due())
        checkpoint.settle(
            {.from = {i}, .items = {i}, .output = sink->stage(results({})), .summary = "settled"},
            checkpoint.last_noted());
    }
  }
  auto sink = this->sink();
  const auto reached = checkpoint().resume(*sink);
  ASSERT_TRUE(reached);
  EXPECT_EQ(reached->from.number, 4999U);
}

TEST_P(CheckpointTest, StepsNotedWhileOthersAreSyncedStay) {
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    checkpoint.resume(*sink);
    write(checkpoint, *sink, {0}, 0);
    const Step synced{
        .from = {0, 0, 1, 0}, .items = {0}, .output = sink->stage(results({})), .summary = "synced"};
    const auto through = checkpoint.last_noted();
    write(checkpoint, *sink, {2}, 1);
    checkpoint.settle(synced, through);
    write(checkpoint, *sink, {1}, 2);
  }
  auto sink = this->sink();
  const auto reached = checkpoint().resume(*sink);
  ASSERT_TRUE(reached);
  EXPECT_EQ(reached->from.number, 2U);
  EXPECT_EQ(reached->items, (std::vector<std::uint64_t>{2}));
}

TEST_P(CheckpointTest, NoticesThatAStepIsNotWhatItWas) {
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    checkpoint.resume(*sink);
    write(checkpoint, *sink, {0}, 1);
  }
  for (const char* change : {"begin = begin + 1", "summary = 'other'", "items = x'0102'", "is_settled = 1"}) {
    {
      link::Database database{file_, link::Database::Access::read_write};
      database.execute("CREATE TABLE kept AS SELECT * FROM step");
      database.execute(std::string{"UPDATE step SET "} + change);
    }
    auto sink = this->sink();
    EXPECT_THAT(problem_of([&] { checkpoint().resume(*sink); }), HasSubstr("a checksum is wrong")) << change;
    link::Database{file_, link::Database::Access::read_write}.execute(
        "DELETE FROM step; INSERT INTO step SELECT * FROM kept; DROP TABLE kept");
  }
}

TEST_P(CheckpointTest, RefusesAnOutputThatSomebodyShortened) {
  {
    auto sink = this->sink();
    auto checkpoint = this->checkpoint();
    checkpoint.resume(*sink);
    write(checkpoint, *sink, {0, 1, 2}, 2);
    checkpoint.settle({.from = {2}, .output = sink->stage(results({})), .summary = "settled"},
                      checkpoint.last_noted());
  }
  std::filesystem::remove(output_);
  std::filesystem::remove(output_.string() + "-wal");
  auto sink = this->sink();
  EXPECT_THAT(problem_of([&] { checkpoint().resume(*sink); }), HasSubstr("has been shortened"));
}

INSTANTIATE_TEST_SUITE_P(Outputs, CheckpointTest,
                         ::testing::Values(OutputFormat::jsonl, OutputFormat::sqlite), [](const auto& of) {
                           return of.param == OutputFormat::jsonl ? "JsonLines" : "Sqlite";
                         });

class CheckpointFile : public ::testing::Test {
 protected:
  std::string problem(const RunIdentity& identity = kIdentity) const {
    return problem_of([&] { Checkpoint{file_, identity}; });
  }
  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_ / "run.checkpoint";
};

TEST_F(CheckpointFile, TellsAllThatHasChanged) {
  EXPECT_EQ(problem(), "");
  EXPECT_THAT(problem({{"input 1", "a.jsonl with 12 bytes"}, {"input 2", "b.jsonl with 3 bytes"}}),
              AllOf(HasSubstr("input 1: was a.jsonl with 10 bytes, is a.jsonl with 12 bytes"),
                    HasSubstr("input 2: was not there, is b.jsonl with 3 bytes"),
                    HasSubstr("--ordered: was no, is not there")));
  EXPECT_EQ(problem(), "") << "it is left as it was";
}

TEST_F(CheckpointFile, IsOfOneProcessAtATime) {
  const Checkpoint first{file_, kIdentity};
  EXPECT_THAT(problem(), HasSubstr("process " + std::to_string(::getpid()) + " is using it"));
}

TEST_F(CheckpointFile, LeavesAloneWhatIsNone) {
  folder_.write("run.checkpoint", "my thesis, which I would rather keep\n");
  EXPECT_THAT(problem(), HasSubstr("it is damaged, or none"));
  EXPECT_EQ(text_of_file(file_), "my thesis, which I would rather keep\n");

  std::filesystem::remove(file_);
  { link::Database{file_, link::Database::Access::create}.execute("CREATE TABLE outcomes(id)"); }
  EXPECT_THAT(problem(), HasSubstr("it is no checkpoint"));
}

TEST_F(CheckpointFile, RefusesOneThatIsDamaged) {
  EXPECT_EQ(problem(), "");
  const auto size = std::filesystem::file_size(file_);
  ASSERT_GT(size, 8192U);
  {
    std::fstream file{file_, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(4096);
    file << std::string(size - 4096, '\xa5');
  }
  EXPECT_THAT(problem(), HasSubstr("it is damaged"));
}

TEST_F(CheckpointFile, OfALaterFormatIsRefused) {
  EXPECT_EQ(problem(), "");
  { link::Database{file_, link::Database::Access::read_write}.execute("PRAGMA user_version=9"); }
  EXPECT_THAT(problem(), HasSubstr("it is of format 9, expected 1"));
}

}  // namespace
}  // namespace slm::runtime
