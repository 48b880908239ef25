#include "nodes/same_answer.h"

#include <nlohmann/json.hpp>

namespace slm {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// Discarded where the text is no JSON, or nests so deeply that comparing it could exhaust the stack.
nlohmann::json value_of(std::string_view text) {
  constexpr int kDeepest = 200;
  bool is_too_deep = false;
  const auto see = [&](int depth, nlohmann::json::parse_event_t /*event*/, nlohmann::json& /*parsed*/) {
    is_too_deep |= depth > kDeepest;
    return !is_too_deep;
  };
  nlohmann::json value = nlohmann::json::parse(text, see, false);
  return is_too_deep ? nlohmann::json(nlohmann::json::value_t::discarded) : value;
}

}  // namespace

bool says_the_same(std::string_view a, std::string_view b) {
  a = trimmed(a);
  b = trimmed(b);
  if (a == b) return true;
  const nlohmann::json value = value_of(a);
  return !value.is_discarded() && value == value_of(b);
}

std::string_view said_by(const Answer& answer) {
  return trimmed(answer.text.empty() ? answer.label : answer.text);
}

}  // namespace slm
