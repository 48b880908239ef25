#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "nodes/link/spool.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using link::Spool;
using link::SpoolId;

/// A spool with 100 entries, of 1 KB each.
class SpoolCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    Spool spool{{.file = file_, .pipeline = "assistant", .pipeline_hash = 0xabc}};
    for (int i = 0; i < 100; ++i) {
      ids_.push_back(to_string(spool.take_id()));
      spool.append({.id = {spool.epoch(), static_cast<std::uint64_t>(i) + 1},
                    .destination = i < 60 ? "expert" : "archive",
                    .header = "header",
                    .payload = std::string(1000, 'p')},
                   [](const auto&) {});
    }
    spool.attempted({spool.epoch(), 1});
  }

  Ended spool(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"spool", file_.string()});
    return slm_graph(arguments);
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const auto ended = spool(std::move(arguments));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return Json::parse(ended.out).at("spools").at(0);
  }
  void damage() const {
    std::fstream stream{file_, std::ios::binary | std::ios::in | std::ios::out};
    stream.seekp(10 * 4096);
    stream << std::string(4096, '!');
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "edge.spool";
  std::vector<std::string> ids_;
};

TEST_F(SpoolCommand, TellsWhatIsInIt) {
  const auto ended = spool({"--list=3"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const auto& text :
       {std::string{"pipeline assistant, hash 0000000000000abc"}, std::string{"used by no process"},
        std::string{"100 entries"}, std::string{"archive"}, ids_[2]})
    EXPECT_NE(ended.out.find(text), std::string::npos) << text << " is not in " << ended.out;
  EXPECT_EQ(ended.out.find(ids_[3]), std::string::npos);

  const auto told = json({"--list"});
  EXPECT_EQ(told["entries"], 100);
  EXPECT_EQ(told["in_use"], false);
  EXPECT_EQ(told["first_entries"].size(), 10U);
  EXPECT_EQ(told["first_entries"][0]["attempts"], 1);
  EXPECT_EQ(told["first_entries"][0]["payload_bytes"], 1000);
  ASSERT_EQ(told["destinations"].size(), 2U);
  EXPECT_EQ(told["destinations"][1]["name"], "expert");
  EXPECT_EQ(told["destinations"][1]["entries"], 60);
  EXPECT_EQ(told["destinations"][1]["most_attempts"], 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "edge.spool-wal"));
}

TEST_F(SpoolCommand, ReadsWhileAProcessWrites) {
  Spool running{{.file = file_, .pipeline = "assistant", .pipeline_hash = 0xabc}};
  std::promise<void> is_durable;
  running.append({.id = running.take_id(), .payload = "new"}, [&](const auto&) { is_durable.set_value(); });
  is_durable.get_future().wait();
  const auto told = json({});
  EXPECT_EQ(told["entries"], 101);
  EXPECT_EQ(told["in_use"], true);
  EXPECT_EQ(told["epoch"], running.epoch());
  for (const auto& change : {std::vector<std::string>{"--repair"}, {"--drop-all", "--yes"}}) {
    const auto ended = spool(change);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("has it open"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(running.read({}).entries.size(), 101U);
}

TEST_F(SpoolCommand, RepairsWhatIsDamaged) {
  auto ended = spool({"--repair"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("sound, nothing to repair"), std::string::npos) << ended.err;

  damage();
  ended = spool({});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("it is damaged"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("--repair"), std::string::npos) << ended.err;

  const auto told = json({"--repair"});
  EXPECT_EQ(told["repaired"], true);
  EXPECT_EQ(told["repair"]["saved"], told["entries"]);
  EXPECT_GT(told["entries"], 80);
  EXPECT_LT(told["entries"], 100);
  EXPECT_EQ(told["repair"]["lost"].get<int>() + told["entries"].get<int>(), 100);
  EXPECT_TRUE(std::filesystem::exists(told["repair"]["set_aside"].get<std::string>()));
  EXPECT_EQ(json({})["entries"], told["entries"]);
}

TEST_F(SpoolCommand, DropsWhatItIsToldTwice) {
  EXPECT_EQ(spool({"--drop-all"}).exit_code, 2);
  EXPECT_EQ(json({})["entries"], 100);
  const auto told = json({"--drop", ids_[0], "--drop", ids_[5], "--drop", "1-1", "--yes", "--list=1"});
  EXPECT_EQ(told["dropped"], 2);
  EXPECT_EQ(told["entries"], 98);
  EXPECT_EQ(told["first_entries"][0]["id"], ids_[1]);
  EXPECT_EQ(spool({"--drop", "seventeen", "--yes"}).exit_code, 2);
  EXPECT_EQ(json({"--drop-all", "--yes"})["dropped"], 98);
  const Spool spool{{.file = file_, .pipeline = "assistant", .pipeline_hash = 0xabc}};
  EXPECT_EQ(spool.stats().entries, 0U);
}

TEST_F(SpoolCommand, OtherFilesAreToldAndTheRestGoesOn) {
  const auto text =
      folder_.write("notes.txt", "not a spool, but longer than the header of one " + std::string(100, '.'));
  const auto ended =
      slm_graph({"spool", text.string(), (folder_ / "missing").string(), file_.string(), "--json"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("this file is no spool"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("there is no such file"), std::string::npos) << ended.err;
  EXPECT_EQ(Json::parse(ended.out)["spools"][2]["entries"], 100);
  EXPECT_EQ(slm_graph({"spool", text.string(), "--repair"}).exit_code, 2);
  EXPECT_EQ(text_of_file(text).substr(0, 11), "not a spool");
}

}  // namespace
}  // namespace slm::testing
