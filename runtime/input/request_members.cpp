#include "runtime/input/request_members.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "graph/format/nearest.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::json;

// An expected answer may be any text. Only what is an object or a list was clearly meant as JSON: the text
// `12` is compared as text and as JSON anyway.
std::string as_json(const std::string& value) {
  const auto first = value.find_first_not_of(" \t\n");
  const bool may_be_json = first != std::string::npos && (value[first] == '{' || value[first] == '[');
  if (may_be_json && Json::accept(value)) return value;
  return Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Enum>
Enum read_choice(const std::string& member, const std::string& text,
                 std::initializer_list<std::pair<const char*, Enum>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    names.emplace_back(name);
  }
  throw LineMistake("`" + member + "` is `" + text + "`, expected " + listed(names) +
                    did_you_mean(text, names));
}

std::int64_t whole_number(const std::string& value) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() ? number : -1;
}

}  // namespace

std::chrono::milliseconds read_timeout(std::int64_t timeout_ms) {
  constexpr std::int64_t kYearMs = std::int64_t{1000} * 60 * 60 * 24 * 365;
  if (timeout_ms < 0 || timeout_ms > kYearMs)
    throw LineMistake("`timeout_ms` must be a whole number of milliseconds, from 0 to a year");
  return std::chrono::milliseconds{timeout_ms};
}

OutcomeKind read_outcome_kind(const std::string& text) {
  if (const auto kind = parse_outcome_kind(text)) return *kind;
  std::vector<std::string> names;
  for (const auto kind : {OutcomeKind::answered, OutcomeKind::rejected, OutcomeKind::abstained,
                          OutcomeKind::expired, OutcomeKind::failed})
    names.emplace_back(to_string(kind));
  throw LineMistake("`expected_outcome` is `" + text + "`, expected " + listed(names) +
                    did_you_mean(text, names));
}

Privacy read_privacy(const std::string& text) {
  return read_choice<Privacy>("privacy", text, {{"local", Privacy::local}, {"open", Privacy::open}});
}

Priority read_priority(const std::string& text) {
  return read_choice<Priority>("priority", text,
                               {{"interactive", Priority::interactive}, {"batch", Priority::batch}});
}

void read_text_member(const std::string& name, std::string value, InputItem& item) {
  if (name == "id") {
    if (value.empty()) return;
    item.has_id = true;
    item.id_json = Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
    item.request.id = std::move(value);
  } else if (name == "timeout_ms") {
    if (!value.empty()) item.request.timeout = read_timeout(whole_number(value));
  } else if (name == "privacy") {
    if (!value.empty()) item.request.privacy = read_privacy(value);
  } else if (name == "priority") {
    if (!value.empty()) item.request.priority = read_priority(value);
  } else if (name == "expected") {
    if (!value.empty()) item.expectation.answer_json = as_json(value);
  } else if (name == "expected_outcome") {
    if (!value.empty()) item.expectation.outcome = read_outcome_kind(value);
  } else if (name == "label") {
    if (!value.empty()) item.expectation.label = std::move(value);
  } else {
    item.request.fields[name] = std::move(value);
  }
}

}  // namespace slm::runtime
