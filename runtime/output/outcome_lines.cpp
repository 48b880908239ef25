#include "runtime/output/outcome_lines.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/input/json_object.h"
#include "runtime/input/line_problems.h"
#include "runtime/input/line_reader.h"
#include "runtime/input/line_sources.h"
#include "runtime/input/request_members.h"
#include "runtime/report/expectation.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

/// Null where it is left out.
Json member(const Json& object, const std::string& name) {
  return object.is_object() ? object.value(name, Json{}) : Json{};
}

std::string text(const Json& object, const std::string& name) {
  const Json value = member(object, name);
  return value.is_null() ? "" : text_of(value, name);
}

std::optional<double> number(const Json& object, const std::string& name, double low = 0,
                             double high = std::numeric_limits<std::uint32_t>::max()) {
  const Json value = member(object, name);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) throw LineMistake("`" + name + "` must be a number, found " + kind_of(value));
  const auto found = value.get<double>();
  if (found < low || found > high) throw LineMistake("`" + name + "` is no number that an outcome has");
  return found;
}

std::optional<std::chrono::nanoseconds> time(const Json& object, const std::string& name) {
  const auto milliseconds = number(object, name);
  if (!milliseconds) return std::nullopt;
  return std::chrono::nanoseconds{std::llround(*milliseconds * 1e6)};
}

WrittenOutcome read_outcome(std::string_view line) {
  constexpr double kAny = std::numeric_limits<double>::max();
  const Json object = read_json_object(line);
  const auto kind = parse_outcome_kind(text(object, "outcome"));
  if (!kind) throw LineMistake("no outcome; expected a line as `slm-graph run` writes it");
  WrittenOutcome written;
  written.id_json = id_json_of(object, line).value_or("null");
  Outcome& outcome = written.outcome;
  outcome.kind = *kind;
  outcome.answer.text = text(object, "answer");
  outcome.answer.label = text(object, "label");
  outcome.answer.tier = text(object, "tier");
  outcome.answer.confidence = number(object, "confidence", -kAny, kAny);
  outcome.reason = text(object, "reason");
  outcome.latency = time(object, "latency_ms").value_or(std::chrono::nanoseconds{});
  const Json tokens = member(object, "tokens");
  outcome.trace.push_back(
      {.prompt_tokens = static_cast<std::uint32_t>(number(tokens, "prompt").value_or(0)),
       .generated_tokens = static_cast<std::uint32_t>(number(tokens, "generated").value_or(0)),
       .cost = number(object, "cost", 0, kAny).value_or(0),
       .energy_j = number(object, "energy_j", 0, kAny).value_or(0),
       .recorded = time(object, "recorded_ms")});
  return written;
}

}  // namespace

std::vector<WrittenOutcome> read_outcomes(const std::filesystem::path& file) {
  std::vector<WrittenOutcome> outcomes;
  LineProblems problems;
  ByteReader bytes{file};
  LineReader lines{bytes};
  while (const auto line = lines.next()) {
    if (line->text.find_first_not_of(" \t") == std::string::npos) continue;
    try {
      if (line->is_too_long) throw LineMistake(too_long_problem());
      outcomes.push_back(read_outcome(line->text));
    } catch (const LineMistake& mistake) {
      problems.add(file, line->number, mistake.what());
    }
  }
  problems.check();
  if (outcomes.empty()) throw DataError(file.string() + ": it has no outcomes");
  return outcomes;
}

}  // namespace slm::runtime
