#include "tests/models/ngram/sample_data.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/ngram/random.h"

namespace slm::ngram {
namespace {

struct Topic {
  const char* label;
  std::array<const char*, 4> openings;
  std::array<const char*, 6> things;
};

constexpr std::array<Topic, 4> kTopics{{
    {"music",
     {"play some", "put on", "i want to hear", "start the"},
     {"jazz", "rock music", "my playlist", "a song by Björk", "the radio", "old tunes"}},
    {"weather",
     {"will it be", "is it going to be", "tell me if it is", "how"},
     {"sunny tomorrow", "raining in Zürich", "cold tonight", "windy at noon", "hot in Lyon",
      "dry on sunday"}},
    {"alarm",
     {"wake me", "set an alarm", "remind me", "start the"},
     {"at seven", "in ten minutes", "tomorrow at noon", "on sunday", "clock for nine", "timer"}},
    {"other",
     {"tell me", "how", "i want", "why do you"},
     {"a joke", "about yourself", "to fly", "old are you", "what time is", "like jazz"}},
}};

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ngram-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  return pattern;
}

}  // namespace

TemporaryFolder::TemporaryFolder() : path_(make_folder()) {}

TemporaryFolder::~TemporaryFolder() {
  std::filesystem::remove_all(path_);
}

std::size_t TemporaryFolder::count_files() const {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
}

std::vector<Example> sample_examples(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Example> examples;
  for (std::size_t i = 0; i < count; ++i) {
    const Topic& topic = kTopics[random.below(kTopics.size())];
    const std::string opening = topic.openings[random.below(topic.openings.size())];
    const bool is_mislabelled = random.below(40) == 0;
    const char* const label = is_mislabelled ? kTopics[random.below(kTopics.size())].label : topic.label;
    const std::string please = random.below(3) == 0 ? "please " : "";
    examples.push_back({please + opening + ' ' + topic.things[random.below(topic.things.size())], label});
  }
  return examples;
}

std::vector<std::byte> read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write_bytes(const std::filesystem::path& file, const std::vector<std::byte>& bytes) {
  std::filesystem::remove(file);  // some file systems sync a file that is written over
  std::ofstream stream(file, std::ios::binary);
  std::string text(bytes.size(), '\0');
  std::transform(bytes.begin(), bytes.end(), text.begin(),
                 [](std::byte byte) { return static_cast<char>(byte); });
  stream << text;
}

std::optional<std::vector<Example>> shared_examples(const std::string& file) {
  const char* const folder = std::getenv("SLM_GRAPH_DATA");
  if (folder == nullptr) return std::nullopt;
  std::ifstream lines(std::filesystem::path(folder) / file);
  if (!lines) return std::nullopt;
  std::vector<Example> examples;
  for (std::string line; std::getline(lines, line);) {
    const auto fields = nlohmann::json::parse(line);
    examples.push_back({fields.at("text"), fields.at("label")});
  }
  return examples;
}

}  // namespace slm::ngram
