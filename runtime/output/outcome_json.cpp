#include "runtime/output/outcome_json.h"

#include <charconv>
#include <cmath>
#include <concepts>
#include <iterator>
#include <optional>
#include <utility>

#include "runtime/json_text.h"

namespace slm::runtime {
namespace {

// A line an outcome is written here at every request of every run, so by hand: through a JSON document it
// took ten times as long, and more than all else that a nano model's answer costs.

// More digits than this are noise, and lines are read by people too.
double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

double milliseconds(std::chrono::nanoseconds time) {
  return rounded(std::chrono::duration<double, std::milli>(time).count(), 1e3);
}

void append(std::string& line, std::integral auto number) {
  char digits[24];
  line.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

void append(std::string& line, double number) {
  if (!std::isfinite(number)) {
    line += "null";
    return;
  }
  char digits[32];
  const std::string_view text{digits, std::to_chars(digits, std::end(digits), number).ptr};
  line += text;
  if (text.find_first_of(".e") == std::string_view::npos) line += ".0";
}

void append_or_null(std::string& line, const std::string& text) {
  if (text.empty())
    line += "null";
  else
    append_json_text(line, text);
}

/// `,"variants":{"NODE":"FILE"}`, where nodes asked models of several files.
void append_variants(std::string& line, const std::vector<Hop>& trace) {
  bool is_first = true;
  for (const Hop& hop : trace) {
    if (!hop.variant) continue;
    line += std::exchange(is_first, false) ? ",\"variants\":{" : ",";
    append_json_text(line, hop.node);
    append_json_text(line.append(":"), *hop.variant);
  }
  if (!is_first) line += '}';
}

}  // namespace

std::string outcome_json(const std::string& id_json, const Outcome& outcome, std::optional<bool> is_right) {
  const Answer& answer = outcome.answer;
  std::string line;
  line.reserve(256 + answer.text.size() + outcome.reason.size());
  line.append("{\"id\":").append(id_json);
  line.append(",\"outcome\":\"").append(to_string(outcome.kind));
  append_or_null(line.append("\",\"answer\":"), answer.text);
  append_or_null(line.append(",\"label\":"), answer.label);
  line += ",\"confidence\":";
  if (answer.confidence)
    append(line, rounded(*answer.confidence, 1e6));
  else
    line += "null";
  append_or_null(line.append(",\"tier\":"), answer.tier);

  line += ",\"path\":[";
  std::uint64_t prompt_tokens = 0;
  std::uint64_t generated_tokens = 0;
  double cost = 0;
  double energy_j = 0;
  std::optional<std::chrono::nanoseconds> recorded;
  bool is_cached = false;
  float nearest = 0;  // the least
  for (const Hop& hop : outcome.trace) {
    if (!hop.is_link) {
      if (line.back() != '[') line += ',';
      append_json_text(line, hop.node);
    }
    prompt_tokens += hop.prompt_tokens;
    generated_tokens += hop.generated_tokens;
    cost += hop.cost;
    energy_j += hop.energy_j;
    is_cached |= hop.is_cached;
    if (hop.nearest > 0 && (nearest == 0 || hop.nearest < nearest)) nearest = hop.nearest;
    if (hop.recorded) recorded = recorded.value_or(std::chrono::nanoseconds{}) + *hop.recorded;
  }
  append(line.append("],\"latency_ms\":"), milliseconds(outcome.latency));
  append(line.append(",\"tokens\":{\"prompt\":"), prompt_tokens);
  append(line.append(",\"generated\":"), generated_tokens);
  append(line.append("},\"cost\":"), cost);
  if (energy_j > 0) append(line.append(",\"energy_j\":"), rounded(energy_j, 1e9));
  if (recorded) append(line.append(",\"recorded_ms\":"), milliseconds(*recorded));
  if (is_cached) line += ",\"cached\":true";
  if (nearest > 0) append(line.append(",\"nearest\":"), rounded(nearest, 1e4));
  append_variants(line, outcome.trace);
  if (outcome.is_degraded) line += ",\"degraded\":true";
  if (!outcome.reason.empty()) append_json_text(line.append(",\"reason\":"), outcome.reason);
  if (is_right) line.append(",\"right\":").append(*is_right ? "true" : "false");
  line += '}';
  return line;
}

}  // namespace slm::runtime
