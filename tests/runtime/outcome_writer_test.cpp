#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "runtime/output/json_lines_sink.h"
#include "runtime/output/outcome_json.h"
#include "runtime/output/outcome_writer.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;
using testing::text_of_file;

std::unique_ptr<Result> result(std::uint64_t sequence) {
  auto made = std::make_unique<Result>();
  made->sequence = sequence;
  made->item.id_json = std::to_string(sequence);
  made->outcome.kind = OutcomeKind::answered;
  return made;
}

std::vector<int> ids_in(const std::filesystem::path& file) {
  std::istringstream lines{text_of_file(file)};
  std::vector<int> ids;
  for (std::string line; std::getline(lines, line);)
    ids.push_back(nlohmann::json::parse(line)["id"].get<int>());
  return ids;
}

TEST(OutcomeWriter, WritesInTheOrderOfTheInputWhereAsked) {
  const TemporaryFolder folder;
  JsonLinesSink sink{folder / "out"};
  OutcomeWriter writer{sink, {.is_ordered = true, .window = 8}};
  for (int i = 0; i < 5; ++i) writer.reserve();
  for (const std::uint64_t sequence : {3U, 0U, 4U, 2U, 1U}) writer.put(result(sequence));
  writer.finish();
  EXPECT_EQ(ids_in(folder / "out"), (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(writer.written(), 5U);
}

TEST(OutcomeWriter, LeavesOutWhatIsNotWantedAndGivesItsPlaceBack) {
  const TemporaryFolder folder;
  JsonLinesSink sink{folder / "out"};
  OutcomeWriter writer{sink, {.is_ordered = true, .window = 1, .is_wanted = [](const Result& made) {
                                return !made.outcome.is_put_off;
                              }}};
  for (std::uint64_t i = 0; i < 6; ++i) {
    writer.reserve();
    auto made = result(i);
    made->outcome.is_put_off = i % 2 == 0;
    writer.put(std::move(made));
  }
  writer.finish();
  EXPECT_EQ(ids_in(folder / "out"), (std::vector{1, 3, 5}));
  EXPECT_EQ(writer.written(), 3U);
}

TEST(OutcomeWriter, NoticesThatTheReaderOfANamedPipeHasGone) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::signal(SIGPIPE, SIG_IGN);
  auto reader =
      std::make_optional(Descriptor::owned(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
  JsonLinesSink sink{pipe};
  OutcomeWriter writer{sink, {}};
  reader.reset();
  writer.reserve();
  writer.put(result(0));
  writer.finish();
  EXPECT_EQ(sink.error(), "Broken pipe");
}

TEST(OutcomeWriter, WritesAsTheyEndOtherwise) {
  const TemporaryFolder folder;
  JsonLinesSink sink{folder / "out"};
  OutcomeWriter writer{sink, {}};
  for (int i = 0; i < 3; ++i) writer.reserve();
  for (const std::uint64_t sequence : {2U, 0U, 1U}) writer.put(result(sequence));
  writer.finish();
  EXPECT_EQ(ids_in(folder / "out"), (std::vector{2, 0, 1}));
}

TEST(OutcomeWriter, NoMoreAreOnTheirWayThanTheWindow) {
  constexpr std::uint64_t kWindow = 2;
  constexpr std::uint64_t kResults = 20;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto reader = Descriptor::owned(ends[0]);
  JsonLinesSink sink{Descriptor::owned(ends[1])};
  OutcomeWriter writer{sink, {.is_ordered = true, .window = kWindow}};
  std::atomic<std::uint64_t> reserved{0};
  std::jthread feeder{[&] {
    for (std::uint64_t i = 0; i < kResults; ++i) {
      writer.reserve();
      ++reserved;
      auto large = result(i);
      large->outcome.answer.text.assign(200'000, 'a');  // more than a pipe holds
      writer.put(std::move(large));
    }
  }};
  std::uint64_t lines_read = 0;
  std::array<char, 4096> buffer{};
  while (lines_read < kResults) {
    const auto count = ::read(reader.get(), buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    lines_read += static_cast<std::uint64_t>(std::count(buffer.data(), buffer.data() + count, '\n'));
    // Lines still in the pipe count as written.
    ASSERT_LE(reserved, lines_read + 1 + kWindow);
  }
}

TEST(OutcomeWriter, AFullDiskIsToldOnceAndTheRestIsTakenAllTheSame) {
  int failures = 0;
  JsonLinesSink sink{"/dev/full"};
  OutcomeWriter writer{sink, {.window = 2, .on_failure = [&] { ++failures; }}};
  for (std::uint64_t i = 0; i < 100; ++i) {
    writer.reserve();
    writer.put(result(i));
  }
  writer.finish();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(writer.written(), 0U);
  EXPECT_EQ(sink.error(), "No space left on device");
}

TEST(OutcomeJson, SaysAllThereIsAndNothingThatIsNot) {
  Outcome outcome;
  outcome.kind = OutcomeKind::answered;
  outcome.answer = {.text = "yes", .label = "l", .tier = "small", .evidence = {}, .confidence = 0.5};
  outcome.trace = {{.node = "draft", .prompt_tokens = 3, .generated_tokens = 2}, {.node = "gate"}};
  outcome.latency = std::chrono::microseconds{1500};
  EXPECT_EQ(outcome_json("\"a\"", outcome),
            R"({"id":"a","outcome":"answered","answer":"yes","label":"l","confidence":0.5,"tier":"small",)"
            R"("path":["draft","gate"],"latency_ms":1.5,"tokens":{"prompt":3,"generated":2},"cost":0.0})");
  Outcome failed;
  failed.reason = "line 3: broken";
  const auto json = nlohmann::json::parse(outcome_json("3", failed));
  EXPECT_EQ(json["id"], 3);
  EXPECT_TRUE(json["answer"].is_null());
  EXPECT_TRUE(json["confidence"].is_null());
  EXPECT_EQ(json["reason"], "line 3: broken");
}

TEST(OutcomeJson, BytesThatAreNotUtf8AreReplaced) {
  Outcome outcome;
  outcome.answer.text = std::string("a\xFF\0b", 4);
  EXPECT_TRUE(nlohmann::json::accept(outcome_json("1", outcome)));
}

}  // namespace
}  // namespace slm::runtime
