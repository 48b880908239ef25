#include "tests/runtime/process_pair.h"

#include <cstdlib>
#include <sstream>
#include <thread>

#include "tests/runtime/nano_model.h"

namespace slm::testing {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string text_of(int id) {
  return id % 2 == 0 ? "play some jazz" : "will it rain tomorrow";
}
std::string label_of(int id) {
  return id % 2 == 0 ? "music" : "weather";
}

/// Or until the time is over.
template <class Condition>
void wait_until(milliseconds limit, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::microseconds{100});
}

}  // namespace

unsigned seed() {
  const char* wanted = std::getenv("SLM_TEST_SEED");
  return wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 1;
}

ProcessPair::ProcessPair() {
  train_nano_model(folder_ / "nano.slm");
}

std::string ProcessPair::pipeline(const PairOptions& options) const {
  const std::string listen = R"(listen: "ipc://)" + (folder_ / "socket").string() + '"';
  return folder_.write("pair.yaml", R"(pipeline: pair
version: 1
entry: near
processes:
  edge: { )" + options.edge + R"( }
  cloud: { )" + (options.cloud.empty() ? listen : options.cloud) +
                                        R"( }
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  near: { type: classify, model: nano, to: far }
  far: { type: classify, model: nano, on: cloud, on_unreachable: )" +
                                        options.on_unreachable + R"( }
)");
}

PairOptions ProcessPair::with_keys(PairOptions options) const {
  for (const char* name : {"edge", "cloud"})
    EXPECT_EQ(slm_graph({"keygen", name, "--output", folder_.path()}).exit_code, 0);
  std::filesystem::create_directory(folder_ / "edges");
  std::filesystem::copy(folder_ / "edge.pub", folder_ / "edges");
  options.cloud += ", secret_key: cloud.key, public_key: cloud.pub, authorized_clients: edges";
  options.edge += (options.edge.empty() ? "" : ", ") + std::string{"secret_key: edge.key"};
  return options;
}

std::unique_ptr<Program> ProcessPair::cloud(const std::string& pipeline) const {
  auto program = std::make_unique<Program>(
      std::vector<std::string>{SLM_GRAPH_PROGRAM, "run", pipeline, "--process", "cloud", "--json"});
  program->wait_for_error("process cloud listens at");
  return program;
}

std::unique_ptr<Program> ProcessPair::edge(const std::string& pipeline, const std::string& input,
                                           std::vector<std::string> more) const {
  std::vector<std::string> command{SLM_GRAPH_PROGRAM, "run",     pipeline, "--process", "edge",   "--spool",
                                   spools_,           "--input", input,    "--output",  output(), "--resume"};
  command.insert(command.end(), more.begin(), more.end());
  return std::make_unique<Program>(command);
}

std::string ProcessPair::request(int id) const {
  return Json{{"id", id}, {"text", text_of(id)}}.dump() + '\n';
}

std::string ProcessPair::requests(int count) const {
  std::string lines;
  for (int id = 0; id < count; ++id) lines += request(id);
  return folder_.write("in.jsonl", lines);
}

void ProcessPair::wait_until_stored(int count) const {
  const auto wanted = "\"entries\":" + std::to_string(count) + ',';
  wait_until(seconds{30}, [&] {
    return slm_graph({"spool", spool(), "--json"}).out.find(wanted) != std::string::npos;
  });
}

void ProcessPair::wait_for_an_outcome() const {
  const auto before = output_size();
  wait_until(seconds{30}, [&] { return output_size() > before; });
}

void ProcessPair::wait_for_output(std::uintmax_t bytes) const {
  const auto enough = output_size() + bytes;
  wait_until(milliseconds{300}, [&] { return output_size() >= enough; });
}

std::uintmax_t ProcessPair::output_size() const {
  std::error_code missing;
  const auto size = std::filesystem::file_size(output(), missing);
  return missing ? 0 : size;
}

ProcessPair::Outcomes ProcessPair::outcomes(int count) const {
  Outcomes found;
  std::istringstream lines{text_of_file(output())};
  for (std::string line; std::getline(lines, line);) {
    Json outcome = Json::parse(line);
    const int id = outcome["id"].get<int>();
    EXPECT_TRUE(found.emplace(id, std::move(outcome)).second) << "again: " << line;
  }
  EXPECT_EQ(found.size(), static_cast<std::size_t>(count));
  return found;
}

void ProcessPair::expect_each_answered_once(int count) const {
  for (const auto& [id, outcome] : outcomes(count))
    ASSERT_TRUE(outcome["outcome"] == "answered" && outcome["label"] == label_of(id)) << outcome;
}

}  // namespace slm::testing
