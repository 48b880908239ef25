#include "runtime/report/expectation.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_expected_answer(const std::string& expected_json, const std::string& answer) {
  const auto expected = Json::parse(expected_json, nullptr, false);
  if (expected.is_string() && trimmed(expected.get_ref<const std::string&>()) == trimmed(answer)) return true;
  const auto found = Json::parse(answer, nullptr, false);
  return !found.is_discarded() && found == expected;
}

}  // namespace

std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome) {
  if (expectation.empty()) return std::nullopt;
  if (expectation.outcome) {
    if (outcome.kind != *expectation.outcome) return false;
    // What is meant to be rejected has no answer to compare.
    if (outcome.kind != OutcomeKind::answered) return true;
  } else if (outcome.kind != OutcomeKind::answered && outcome.kind != OutcomeKind::rejected) {
    return false;
  }
  // A pipeline that only classifies has no text to answer with.
  const auto& answer = outcome.answer.text.empty() ? outcome.answer.label : outcome.answer.text;
  if (expectation.answer_json)
    return outcome.kind == OutcomeKind::answered && is_expected_answer(*expectation.answer_json, answer);
  return !expectation.label || *expectation.label == outcome.answer.label;
}

std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  for (const auto kind : {OutcomeKind::answered, OutcomeKind::rejected, OutcomeKind::abstained,
                          OutcomeKind::expired, OutcomeKind::failed})
    if (text == to_string(kind)) return kind;
  return std::nullopt;
}

}  // namespace slm::runtime
