#include "models/openai/batch/batch_lines.h"

#include <nlohmann/json.hpp>

#include "models/checksum.h"
#include "models/openai/refusal.h"

namespace slm::openai {
namespace {

using nlohmann::json;

constexpr std::string_view kBeforeId = R"({"custom_id":")";

/// A member that is an object; null where there is none.
const json* object_in(const json& outer, const char* name) {
  const auto found = outer.find(name);
  return found != outer.end() && found->is_object() ? &*found : nullptr;
}

std::string written(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string question_of(std::string_view endpoint, std::string_view body) {
  // Twice 64 bits: answers are given to whoever asks what has this name.
  const std::string text = std::string(endpoint) + '\n' + std::string(body);
  const std::string first = text_checksum(text);
  return first + text_checksum(first + text);
}

std::string custom_id(const std::string& question, std::size_t number) {
  return question + '-' + std::to_string(number);
}

std::string question_in(const std::string& custom_id) {
  return custom_id.substr(0, custom_id.find('-'));
}

std::string input_line(const std::string& custom_id, std::string_view endpoint, std::string_view body) {
  std::string line(kBeforeId);
  line.reserve(body.size() + 128);
  line.append(custom_id).append(R"(","method":"POST","url":")").append(endpoint);
  line.append(R"(","body":)").append(body).append("}\n");
  return line;
}

std::string id_of_input_line(std::string_view line) {
  if (!line.starts_with(kBeforeId)) return {};
  line.remove_prefix(kBeforeId.size());
  const auto end = line.find('"');
  return std::string(line.substr(0, end == std::string_view::npos ? 0 : end));
}

OutputLine read_output_line(std::string_view text) {
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object()) throw BadReply("no JSON object");
  OutputLine output;
  const auto id = line.find("custom_id");
  if (id == line.end() || !id->is_string()) throw BadReply("no `custom_id`");
  output.custom_id = id->get<std::string>();
  const json* response = object_in(line, "response");
  const auto status = response ? response->find("status_code") : line.end();
  const bool has_status = response && status != response->end() && status->is_number_integer();
  const json* body = response ? object_in(*response, "body") : nullptr;
  if (object_in(line, "error")) {
    output.result = "it answers: " + message_of(written(line));
  } else if (has_status && *status != 200) {
    output.result = refusal_of({.status = status->get<int>()}, body ? written(*body) : "").reason;
  } else if (body == nullptr) {
    throw BadReply("neither an answer nor an error");
  } else {
    output.is_answer = true;
    try {
      ReplyReader reader;
      reader.take(written(*body));
      output.result = reader.finish();
    } catch (const BadReply& error) {
      output.result = error.what();
    }
  }
  return output;
}

}  // namespace slm::openai
