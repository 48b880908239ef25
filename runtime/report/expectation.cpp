#include "runtime/report/expectation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Discarded where it is no JSON, or nests so deeply that working on it could exhaust the stack.
Json parsed(std::string_view json) {
  constexpr int kDeepest = 200;
  bool is_too_deep = false;
  const auto see = [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
    is_too_deep |= depth > kDeepest;
    return !is_too_deep;
  };
  Json value = Json::parse(json, see, false);
  return is_too_deep ? Json(Json::value_t::discarded) : value;
}

/// Discarded where there is no such member, or no JSON.
Json member_of(std::string_view json, std::string_view path) {
  Json value = parsed(json);
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const auto member = value.is_object() ? value.find(path.substr(0, dot)) : value.end();
    if (member == value.end()) return Json(Json::value_t::discarded);
    value = Json(std::move(*member));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value;
}

bool is_expected_answer(const std::string& expected_json, const std::string& answer, const Judging& judging) {
  using Match = Judging::Match;
  Json expected = parsed(expected_json);
  if (judging.match == Match::exact && expected.is_string()) return expected == answer;
  if (judging.match == Match::automatic && judging.member.empty() && expected.is_string() &&
      trimmed(expected.get_ref<const std::string&>()) == trimmed(answer))
    return true;
  if (judging.match == Match::json && expected.is_string())
    if (Json held = parsed(expected.get_ref<const std::string&>()); !held.is_discarded()) expected = held;
  const Json found = member_of(answer, judging.member);
  return !found.is_discarded() && found == expected;
}

/// A pipeline that only classifies has no text to answer with.
const std::string& said_by(const Answer& answer) {
  return answer.text.empty() ? answer.label : answer.text;
}

std::optional<bool> judge(const Expectation& expectation, const Outcome& outcome, const Judging& judging) {
  if (expectation.empty()) return std::nullopt;
  if (expectation.outcome) {
    if (outcome.kind != *expectation.outcome) return false;
    // What is meant to be rejected has no answer to compare.
    if (outcome.kind != OutcomeKind::answered) return true;
  } else if (outcome.kind != OutcomeKind::answered && outcome.kind != OutcomeKind::rejected) {
    return false;
  }
  if (expectation.answer_json)
    return outcome.kind == OutcomeKind::answered &&
           is_expected_answer(*expectation.answer_json, said_by(outcome.answer), judging);
  return !expectation.label || *expectation.label == outcome.answer.label;
}

std::string text_of(const Json& value) {
  if (value.is_discarded()) return {};
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Expectation judged_part(const Expectation& expectation, const Judging& judging) {
  Expectation part = expectation;
  if (judging.match == Judging::Match::label) part.answer_json.reset();
  if (judging.match == Judging::Match::exact || judging.match == Judging::Match::json) part.label.reset();
  if (!judging.member.empty()) {
    const Json member = member_of(expectation.answer_json.value_or(""), judging.member);
    part.label.reset();
    part.answer_json.reset();
    if (!member.is_discarded()) part.answer_json = member.dump();
  }
  const bool had_answer = expectation.answer_json || expectation.label;
  if (had_answer && !part.answer_json && !part.label && part.outcome == OutcomeKind::answered)
    part.outcome.reset();
  return part;
}

std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome) {
  return judge(expectation, outcome, {});
}

std::optional<bool> is_right(const Expectation& expectation, const Outcome& outcome, const Judging& judging) {
  return judge(judged_part(expectation, judging), outcome, judging);
}

std::optional<Classes> classes(const Expectation& expectation, const Outcome& outcome,
                               const Judging& judging) {
  const bool has_said = outcome.kind == OutcomeKind::answered || outcome.kind == OutcomeKind::rejected;
  if (!judging.member.empty()) {
    const auto expected = judged_part(expectation, judging).answer_json;
    if (!expected) return std::nullopt;
    const bool is_answered = outcome.kind == OutcomeKind::answered;
    return Classes{text_of(Json::parse(*expected)),
                   is_answered ? text_of(member_of(said_by(outcome.answer), judging.member)) : ""};
  }
  if (!expectation.label) return std::nullopt;
  return Classes{*expectation.label, has_said ? outcome.answer.label : ""};
}

std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  for (const auto kind : {OutcomeKind::answered, OutcomeKind::rejected, OutcomeKind::abstained,
                          OutcomeKind::expired, OutcomeKind::failed})
    if (text == to_string(kind)) return kind;
  return std::nullopt;
}

}  // namespace slm::runtime
