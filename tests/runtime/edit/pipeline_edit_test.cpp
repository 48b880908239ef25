#include "runtime/edit/pipeline_edit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tests/runtime/edit/random_yaml.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;
using testing::text_of_file;

struct Case {
  std::string name;
  std::vector<std::string> edits;
  std::string before;
  std::string after;
  bool is_refused = false;
};

std::vector<Case> cases() {
  std::vector<Case> found;
  std::ifstream file{SLM_TEST_EDITS};
  std::string* text = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      found.push_back({.name = line.substr(4)});
      text = &found.back().before;
    } else if (line == "==>" || line == "==!") {
      found.back().is_refused = line == "==!";
      text = &found.back().after;
    } else if (line.starts_with("> ")) {
      found.back().edits.push_back(line.substr(2));
    } else if (text) {
      *text += line + '\n';
    }
  }
  for (Case& one : found) {
    if (one.after.ends_with("\n\n")) one.after.pop_back();
  }
  return found;
}

YamlPath path_of(const std::string& dotted) {
  YamlPath path;
  std::istringstream keys{dotted};
  for (std::string key; std::getline(keys, key, '.');) path.push_back(key);
  return path;
}

void make(PipelineEdit& edit, const std::string& command) {
  std::istringstream words{command};
  std::string verb, path, rest;
  words >> verb >> path >> std::ws;
  std::getline(words, rest);
  if (verb == "set") {
    edit.set(path_of(path), std::stod(rest));
  } else if (verb == "text") {
    edit.set(path_of(path), std::string_view{rest});
  } else if (verb == "erase") {
    edit.erase(path_of(path));
  } else {
    const std::size_t date = rest.find(' ') + 1;
    edit.note(path_of(path), {rest.substr(0, date - 1), rest.substr(date, 10), rest.substr(date + 11)});
  }
}

std::string without_final_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string with_crlf(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? "\r\n" : std::string(1, c);
  return result;
}

class Edits : public ::testing::TestWithParam<Case> {};

TEST_P(Edits, ChangeWhatIsMeantAndNothingElse) {
  const Case& one = GetParam();
  if (one.is_refused) {
    try {
      PipelineEdit edit{"p.yaml", one.before};
      for (const std::string& command : one.edits) make(edit, command);
      FAIL() << "not refused, but made into\n" << edit.text();
    } catch (const PipelineError& error) {
      const Problem& problem = error.problems().front();
      EXPECT_EQ(std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column) + ": " +
                    problem.message + '\n',
                one.after);
    }
    return;
  }
  const std::map<std::string, std::string (*)(const std::string&)> variants{
      {"as it stands", [](const std::string& text) { return text; }},
      {"with CRLF", with_crlf},
      {"behind a byte order mark", [](const std::string& text) { return "\xEF\xBB\xBF" + text; }},
      {"without a final line break", [](const std::string& text) { return without_final_break(text); }},
      {"with CRLF, without a final line break",
       [](const std::string& text) { return without_final_break(with_crlf(text)); }}};
  for (const auto& [name, variant] : variants) {
    PipelineEdit edit{"p.yaml", variant(one.before)};
    for (const std::string& command : one.edits) make(edit, command);
    EXPECT_EQ(edit.text(), variant(one.after)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Case, Edits, ::testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

/// Every `at_least` of a pipeline, and what is written there.
std::vector<std::pair<YamlPath, std::string>> bars_of(const std::string& text) {
  std::vector<std::pair<YamlPath, std::string>> bars;
  const YAML::Node root = YAML::Load(text);
  if (!root.IsMap() || !root["nodes"] || !root["nodes"].IsMap()) return bars;
  for (const auto& node : root["nodes"]) {
    for (const char* rule : {"accept", "reject"}) {
      if (!node.second.IsMap() || !node.second[rule] || !node.second[rule].IsMap()) continue;
      const YAML::Node bar = node.second[rule]["at_least"];
      if (bar && bar.IsScalar())
        bars.push_back({{"nodes", node.first.Scalar(), rule, "at_least"}, bar.Scalar()});
    }
  }
  return bars;
}

TEST(PipelineEdit, BringsBackEveryPipelineOfTheRepositoryByteForByte) {
  std::size_t count = 0;
  for (const char* folder : {"pipelines", "tests", "examples"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator{std::filesystem::path{SLM_SOURCE_FOLDER} / folder}) {
      if (entry.path().extension() != ".yaml") continue;
      const std::string text = text_of_file(entry.path());
      std::vector<std::pair<YamlPath, std::string>> bars;
      try {
        bars = bars_of(text);
        if (bars.empty()) continue;
        yaml_tree(text, entry.path());
      } catch (const std::exception&) {
        continue;  // a mistake that a test of the loader wants
      }
      SCOPED_TRACE(entry.path());
      PipelineEdit edit{entry.path()};
      for (const auto& [path, written] : bars) edit.set(path, 0.123);
      for (const auto& [path, written] : bars_of(edit.text())) EXPECT_EQ(written, "0.123");
      for (const auto& [path, written] : bars) edit.set(path, std::string_view{written});
      EXPECT_EQ(edit.text(), text);
      count += bars.size();
    }
  }
  EXPECT_GT(count, 20U);
}

/// As a text that does not depend on how the document was written.
std::string plainly(const YAML::Node& node) {
  if (node.IsScalar()) return '"' + node.Scalar() + '"';
  if (node.IsNull()) return "null";
  std::string text = node.IsMap() ? "{" : "[";
  for (const auto& part : node)
    text += node.IsMap() ? plainly(part.first) + ':' + plainly(part.second) + ',' : plainly(part) + ',';
  return text + (node.IsMap() ? "}" : "]");
}

std::vector<std::string> comments_of(const std::string& text) {
  std::vector<std::string> comments;
  for (std::size_t at = text.find("#c"); at != std::string::npos; at = text.find("#c", at + 1))
    comments.push_back(text.substr(at, text.find_first_of("\r\n", at) - at));
  return comments;
}

TEST(PipelineEdit, MakesRandomEditsInRandomLayouts) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    testing::RandomYaml random{seed};
    const std::string before = random.document();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + before);
    PipelineEdit edit{"p.yaml", before};
    YAML::Node meant = YAML::Load(before);
    const YamlPath path = random.path(meant);
    YAML::Node around = meant;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) around.reset(around[path[i]]);
    const bool is_there = around[path.back()].IsDefined();
    if (is_there && random.once_in(3)) {
      edit.erase(path);
      // Comments within a value go with it.
      if (around[path.back()].IsScalar()) {
        EXPECT_EQ(comments_of(edit.text()), comments_of(before));
      }
      around.remove(path.back());
    } else {
      edit.set(path, 0.625);
      around[path.back()] = "0.625";
      EXPECT_EQ(comments_of(edit.text()), comments_of(before));
    }
    EXPECT_EQ(plainly(YAML::Load(edit.text())), plainly(meant)) << edit.text();
    if (::testing::Test::HasFailure()) break;
  }
}

TEST(PipelineEdit, ARefusedEditChangesNothing) {
  const std::string text = "a: &x 1\nb: *x\nc: 2\n";
  PipelineEdit edit{"p.yaml", text};
  EXPECT_THROW(edit.set({"b"}, 3.0), PipelineError);
  EXPECT_EQ(edit.text(), text);
  edit.set({"c"}, 3.0);
  EXPECT_EQ(edit.text(), "a: &x 1\nb: *x\nc: 3\n");
}

TEST(PipelineEdit, RefusesWhatWouldChangeMoreThanIsMeant) {
  // The blank lines of `|+` belong to its text, and a key behind them would take them away.
  PipelineEdit edit{"p.yaml", "a:\n  b: |+\n    x\n\nc: 1\n"};
  EXPECT_THROW(edit.set({"a", "d"}, 1.0), PipelineError);
}

TEST(PipelineEdit, ANoteStaysOneLineOfUtf8) {
  PipelineEdit edit{"p.yaml", "nodes: {}\n"};
  edit.note({"nodes"}, {"tune", "2026-11-22", "on a\nb.jsonl"});
  EXPECT_EQ(edit.text(), "# slm-graph tune 2026-11-22: on a b.jsonl\nnodes: {}\n");
  EXPECT_THROW(edit.note({"nodes"}, {"tune", "2026-11-22", "on \xFF"}), PipelineError);
}

TEST(PipelineEdit, WritesBehindLinksAndKeepsTheMode) {
  const TemporaryFolder folder;
  const auto file = folder.write("p.yaml", "a: 1\n");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  std::filesystem::create_symlink("p.yaml", folder / "link.yaml");
  PipelineEdit edit{folder / "link.yaml"};
  edit.set({"a"}, 2.0);
  edit.write();
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.yaml"));
  EXPECT_EQ(text_of_file(file), "a: 2\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms{0640});
  edit.set({"a"}, 3.0);
  edit.write();
  EXPECT_EQ(text_of_file(file), "a: 3\n");
}

TEST(PipelineEdit, DoesNotWriteOverAnothersEdit) {
  const TemporaryFolder folder;
  const auto file = folder.write("p.yaml", "a: 1\n");
  PipelineEdit edit{file};
  edit.set({"a"}, 2.0);
  folder.write("p.yaml", "a: 3\n");
  EXPECT_THROW(edit.write(), PipelineError);
  EXPECT_EQ(text_of_file(file), "a: 3\n");
}

}  // namespace
}  // namespace slm::runtime
