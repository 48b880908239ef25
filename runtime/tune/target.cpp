#include "runtime/tune/target.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

constexpr std::array<std::pair<std::string_view, Target::Kind>, 5> kKinds{{
    {"accuracy", Target::Kind::accuracy},
    {"relative", Target::Kind::relative},
    {"agreement", Target::Kind::agreement},
    {"precision", Target::Kind::precision},
    {"recall", Target::Kind::recall},
}};

constexpr const char* kExpected =
    "accuracy=0.95, relative=0.95, agreement=0.95, precision:LABEL=0.95 or recall:LABEL=0.95";

}  // namespace

Target Target::parse(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument{"`" + std::string{text} + "` " + why + "; expected " + kExpected};
  };
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos) refuse("has no `=`");
  const std::string_view left = text.substr(0, equals);
  const std::string_view name = left.substr(0, left.find(':'));
  const auto* kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](auto& known) { return known.first == name; });
  if (kind == kKinds.end()) refuse("is no target");
  Target target{.kind = kind->second};
  const bool has_label = name.size() < left.size();
  const bool wants_label = target.kind == Kind::precision || target.kind == Kind::recall;
  if (has_label != wants_label) refuse(wants_label ? "names no label" : "has a label");
  if (has_label) target.label = left.substr(name.size() + 1);
  const std::string_view number = text.substr(equals + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), target.value);
  if (error != std::errc{} || end != number.data() + number.size() || !(target.value > 0 && target.value < 1))
    refuse("has no number between 0 and 1");
  return target;
}

std::string Target::name() const {
  const auto* named =
      std::find_if(kKinds.begin(), kKinds.end(), [&](auto& known) { return known.second == kind; });
  return std::string{named->first} + (label.empty() ? "" : ":" + label);
}

std::string Target::text() const {
  return name() + " ≥ " + brief(value);
}

bool agrees(const Ending& left, const Ending& right) {
  if (left.kind != right.kind) return false;
  if (left.answer == right.answer) return true;
  const auto parsed = nlohmann::json::parse(left.answer, nullptr, false);
  return !parsed.is_discarded() && parsed == nlohmann::json::parse(right.answer, nullptr, false);
}

std::optional<double> number_of(const Target& target, const Trial& trial, const Ending& ending,
                                const Ending& top) {
  const auto right = [](const Ending& of) -> std::optional<double> {
    if (!of.is_right) return std::nullopt;
    return *of.is_right ? 1.0 : 0.0;
  };
  switch (target.kind) {
    case Target::Kind::accuracy:
      return right(ending);
    case Target::Kind::relative:
      if (!ending.is_right || !top.is_right) return std::nullopt;
      return *right(ending) - target.value * *right(top);
    case Target::Kind::agreement:
      return agrees(ending, top) ? 1.0 : 0.0;
    case Target::Kind::precision:
      if (ending.label != target.label) return std::nullopt;
      return right(ending);
    case Target::Kind::recall:
      if (trial.expected_label != target.label) return std::nullopt;
      return ending.label == target.label ? 1.0 : 0.0;
  }
  return std::nullopt;
}

double spend_of(Spend spend, const Usage& usage) {
  switch (spend) {
    case Spend::cost:
      return usage.cost;
    case Spend::calls:
      return usage.calls;
    case Spend::tokens:
      return static_cast<double>(usage.prompt_tokens + usage.generated_tokens);
    case Spend::energy:
      return usage.energy_j;
    case Spend::time:
      return std::chrono::duration<double>(usage.time).count();
  }
  return 0;
}

}  // namespace slm::runtime
