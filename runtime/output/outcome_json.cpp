#include "runtime/output/outcome_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// More digits than this are noise, and lines are read by people too.
double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

}  // namespace

std::string outcome_json(const std::string& id_json, const Outcome& outcome) {
  const Answer& answer = outcome.answer;
  Json line;
  line["id"] = nullptr;
  line["outcome"] = to_string(outcome.kind);
  line["answer"] = text_or_null(answer.text);
  line["label"] = text_or_null(answer.label);
  line["confidence"] = answer.confidence ? Json(rounded(*answer.confidence, 1e6)) : Json(nullptr);
  line["tier"] = text_or_null(answer.tier);

  auto& path = line["path"] = Json::array();
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  double cost = 0;
  for (const Hop& hop : outcome.trace) {
    if (!hop.is_link) path.push_back(hop.node);
    prompt_tokens += hop.prompt_tokens;
    generated_tokens += hop.generated_tokens;
    cost += hop.cost;
  }
  line["latency_ms"] = rounded(std::chrono::duration<double, std::milli>(outcome.latency).count(), 1e3);
  line["tokens"] = {{"prompt", prompt_tokens}, {"generated", generated_tokens}};
  line["cost"] = cost;
  if (outcome.is_degraded) line["degraded"] = true;
  if (!outcome.reason.empty()) line["reason"] = outcome.reason;

  // The id is JSON already, and a number may have more digits than parsing it would keep.
  auto text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::string_view kIdAsNull = "{\"id\":null";
  return "{\"id\":" + id_json + text.substr(kIdAsNull.size());
}

}  // namespace slm::runtime
