#include "runtime/output/earlier_outcomes.h"

#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

#include "models/ngram/xxhash64.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

constexpr std::string_view kBefore = "{\"id\":";
constexpr std::string_view kAfter = ",\"outcome\":";

/// The id as `outcome_json` writes it. A text in it cannot hold what follows, whose quotes would be escaped.
std::string_view id_of(std::string_view line) {
  const auto end = line.find(kAfter);
  if (!line.starts_with(kBefore) || end == std::string_view::npos) return {};
  return line.substr(kBefore.size(), end - kBefore.size());
}

}  // namespace

EarlierOutcomes::EarlierOutcomes(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return;
  if (!std::filesystem::is_regular_file(file))
    throw OutputError("cannot resume: " + file.string() + " is no regular file");
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw OutputError("cannot resume: " + file.string() + " cannot be read");
  std::uintmax_t whole = 0;  // bytes of the lines that are whole
  for (std::string line; std::getline(stream, line) && !stream.eof();) {
    const auto id = id_of(line);
    if (id.empty())
      throw OutputError("cannot resume: " + file.string() + ":" + std::to_string(count_ + 1) +
                        ": no outcome; expected what an interrupted run has written");
    add(id);
    ++count_;
    whole += line.size() + 1;
  }
  stream.close();
  std::error_code error;
  std::filesystem::resize_file(file, whole, error);
  if (error) throw OutputError("cannot resume: " + file.string() + ": " + error.message());
}

bool EarlierOutcomes::take(std::string_view id_json) {
  const auto found = left_.find(hash_of(id_json));
  if (found == left_.end()) return false;
  if (--found->second == 0) left_.erase(found);
  return true;
}

std::uint64_t EarlierOutcomes::hash_of(std::string_view id_json) {
  return ngram::xxhash64(std::as_bytes(std::span{id_json}));
}

}  // namespace slm::runtime
