#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "nodes/link/key_files.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;

TEST(KeygenCommand, WritesAPairThatBelongsTogether) {
  const TemporaryFolder folder;
  const auto keys = folder / "new/keys";
  const auto ended = slm_graph({"keygen", "edge", "--output", keys});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
  const auto secret = link::read_secret_key(keys / "edge.key");
  EXPECT_EQ(link::read_public_keys(keys / "edge.pub"), std::vector{secret.public_key()});
  EXPECT_EQ(ended.err.find(secret.secret_text()), std::string::npos);

  const auto printed = slm_graph({"keygen", "--public", keys / "edge.key"});
  EXPECT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_EQ(printed.out, secret.public_key().text() + "\n");
  EXPECT_EQ(Json::parse(slm_graph({"keygen", "--public", keys / "edge.key", "--json"}).out),
            Json({{"public_key", secret.public_key().text()}}));
}

TEST(KeygenCommand, TellsScriptsWhatItWrote) {
  const TemporaryFolder folder;
  const auto json = Json::parse(slm_graph({"keygen", "edge.2026", "--output", folder.path(), "--json"}).out);
  EXPECT_EQ(json["name"], "edge.2026");
  EXPECT_EQ(json["secret_key_file"], (folder / "edge.2026.key").string());
  EXPECT_EQ(json["public_key_file"], (folder / "edge.2026.pub").string());
  EXPECT_EQ(json["public_key"], link::read_public_keys(folder / "edge.2026.pub").front().text());
}

TEST(KeygenCommand, OverwritesOnlyByForce) {
  const TemporaryFolder folder;
  folder.write("edge.pub", "mine");
  auto ended = slm_graph({"keygen", "edge", "--output", folder.path()});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("edge.pub is there already; nothing was written (--force overwrites)"),
            std::string::npos)
      << ended.err;
  EXPECT_EQ(text_of_file(folder / "edge.pub"), "mine");
  EXPECT_FALSE(std::filesystem::exists(folder / "edge.key"));
  ended = slm_graph({"keygen", "edge", "--output", folder.path(), "--force"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(link::read_public_keys(folder / "edge.pub").front(),
            link::read_secret_key(folder / "edge.key").public_key());
}

TEST(KeygenCommand, MistakesExitTwoAndSayWhatWasExpected) {
  const TemporaryFolder folder;
  const auto open_to_all = folder.write("open.key", "");
  ::chmod(open_to_all.c_str(), 0644);
  const auto in_a_file = folder.write("file", "") / "keys";
  for (const auto& [arguments, message] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"keygen"}, "expected a NAME"},
           {{"keygen", "edge", "--public", "edge.key"}, "found both"},
           {{"keygen", "../edge"}, "is no name for keys"},
           {{"keygen", ".edge"}, "is no name for keys"},
           {{"keygen", "a b"}, "is no name for keys"},
           {{"keygen", "--public", open_to_all}, "expected 0600"},
           {{"keygen", "--public", folder / "no.key"}, "No such file"},
           {{"keygen", "edge", "--output", in_a_file}, "cannot be made: Not a directory"}}) {
    const auto ended = slm_graph(arguments);
    EXPECT_EQ(ended.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_NE(ended.err.find(message), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
  }
}

}  // namespace
}  // namespace slm::testing
