#include "runtime/output/earlier_outcomes.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <system_error>

#include "models/ngram/xxhash64.h"
#include "runtime/output/outcome_id.h"
#include "runtime/output/output_file.h"

namespace slm::runtime {
namespace {

/// Why it failed or expired; empty where it did not.
std::optional<std::string> failure_of(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || (json["outcome"] != "failed" && json["outcome"] != "expired")) return std::nullopt;
  return json.contains("reason") && json["reason"].is_string() ? json["reason"].get<std::string>() : "";
}

}  // namespace

EarlierOutcomes::EarlierOutcomes(const std::filesystem::path& file, bool keeps_failures) {
  if (!std::filesystem::exists(file)) return;
  if (!std::filesystem::is_regular_file(file))
    throw OutputError("cannot resume: " + file.string() + " is no regular file");
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw OutputError("cannot resume: " + file.string() + " cannot be read");
  std::uintmax_t whole = 0;  // bytes of the lines that are whole
  for (std::string line; std::getline(stream, line) && !stream.eof();) {
    const auto id = outcome_id_of(line);
    if (id.empty())
      throw OutputError("cannot resume: " + file.string() + ":" + std::to_string(count_ + 1) +
                        ": no outcome; expected what an interrupted run has written");
    add(id);
    if (auto reason = keeps_failures ? failure_of(line) : std::nullopt)
      failures_.emplace(hash_of(id), *std::move(reason));
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

std::optional<std::string> EarlierOutcomes::take_failure(std::string_view id_json) {
  const auto found = failures_.find(hash_of(id_json));
  if (found == failures_.end()) return std::nullopt;
  return failures_.extract(found).mapped();
}

std::uint64_t EarlierOutcomes::hash_of(std::string_view id_json) {
  return ngram::xxhash64(std::as_bytes(std::span{id_json}));
}

}  // namespace slm::runtime
