#include "models/openai/batch/batch_status.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "models/openai/json_member.h"

namespace slm::openai {
namespace {

using nlohmann::json;

/// A server's name for something, which goes into paths of requests.
std::string name_of(const json& value) {
  std::string name = text_of(value);
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
  if (!is_plain) throw BadReply("it gives something a name that cannot stand in an address");
  return name;
}

std::int64_t count_of(const json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

/// The first few, with their lines.
std::string errors_of(const json& errors) {
  constexpr std::size_t kMost = 3;
  const json& data = member(errors, "data");
  if (!data.is_array()) return {};
  std::string text;
  for (std::size_t i = 0; i < data.size() && i < kMost; ++i) {
    if (i > 0) text += "; ";
    if (const auto line = count_of(member(data[i], "line")); line > 0)
      text.append("line ").append(std::to_string(line)).append(": ");
    text += text_of(member(data[i], "message"));
  }
  return text;
}

BatchStatus status_of(const json& batch) {
  BatchStatus status;
  status.id = name_of(member(batch, "id"));
  status.status = text_of(member(batch, "status"));
  if (status.id.empty() || status.status.empty()) throw BadReply("what it answers is no batch");
  status.input_file = name_of(member(batch, "input_file_id"));
  status.output_file = name_of(member(batch, "output_file_id"));
  status.error_file = name_of(member(batch, "error_file_id"));
  status.key = text_of(member(member(batch, "metadata"), kBatchKey));
  status.errors = errors_of(member(batch, "errors"));
  status.created_s = count_of(member(batch, "created_at"));
  const json& counts = member(batch, "request_counts");
  status.done = count_of(member(counts, "completed")) + count_of(member(counts, "failed"));
  status.total = count_of(member(counts, "total"));
  return status;
}

}  // namespace

bool BatchStatus::is_over() const {
  constexpr std::array<std::string_view, 4> kEnds{"completed", "failed", "expired", "cancelled"};
  return std::find(kEnds.begin(), kEnds.end(), status) != kEnds.end();
}

BatchStatus read_batch_status(std::string_view text) {
  return status_of(json::parse(text, nullptr, false));
}

std::string read_file_id(std::string_view text) {
  std::string id = name_of(member(json::parse(text, nullptr, false), "id"));
  if (id.empty()) throw BadReply("what it answers is no file");
  return id;
}

BatchPage read_batch_page(std::string_view text) {
  const json list = json::parse(text, nullptr, false);
  const json& data = member(list, "data");
  if (!data.is_array()) throw BadReply("what it answers is no list of batches");
  BatchPage page;
  for (const json& batch : data) page.batches.push_back(status_of(batch));
  page.has_more = member(list, "has_more") == true;
  return page;
}

}  // namespace slm::openai
