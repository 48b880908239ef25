#include "runtime/input/request_json.h"

#include <nlohmann/json.hpp>

namespace slm::runtime {

std::string request_json(const Request& request, const Expectation& expectation,
                         const std::string& text_field) {
  using Json = nlohmann::ordered_json;
  Json line{{text_field, request.text}};
  for (const auto& [name, value] : request.fields) line[name] = value;
  if (request.timeout) line["timeout_ms"] = request.timeout->count();
  if (request.privacy == Privacy::local) line["privacy"] = "local";
  if (request.priority == Priority::batch) line["priority"] = "batch";
  if (expectation.answer_json) line["expected"] = Json::parse(*expectation.answer_json);
  if (expectation.outcome) line["expected_outcome"] = to_string(*expectation.outcome);
  if (expectation.label) line["label"] = *expectation.label;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
