#include "models/replay/answered_lines.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/checksum.h"

namespace slm::replay {
namespace {

using Json = nlohmann::ordered_json;

// Deeper values would exhaust the stack when they are written out again.
constexpr int kMaxDepth = 64;

bool is_deeper(const Json& json, int limit) {
  return json.is_structured() && (limit == 0 || std::ranges::any_of(json, [&](const Json& part) {
                                    return is_deeper(part, limit - 1);
                                  }));
}

/// The member that a path leads to, `answers.gpt-3.5`; the longest name that fits counts where there are
/// several ways to read it. Null where there is none.
const Json* at_path(const Json& json, std::string_view path) {
  if (!json.is_object()) return nullptr;
  if (const auto found = json.find(path); found != json.end()) return &*found;
  for (auto dot = path.rfind('.'); dot != std::string_view::npos && dot > 0; dot = path.rfind('.', dot - 1)) {
    const auto found = json.find(path.substr(0, dot));
    if (found == json.end()) continue;
    if (const Json* inner = at_path(*found, path.substr(dot + 1))) return inner;
  }
  return nullptr;
}

std::string members(const Json& json) {
  std::string names;
  for (const auto& [name, value] : json.items())
    names.append(names.empty() ? "`" : ", `").append(name).append("`");
  return names.empty() ? "no members" : names;
}

[[noreturn]] void expected(const std::string& what) {
  throw std::invalid_argument("expected " + what);
}

const Json& needed(const Json& json, const std::string& path) {
  const Json* found = at_path(json, path);
  if (!found) expected("`" + path + "`, found " + members(json));
  return *found;
}

std::string text_of(const Json& json, const std::string& path) {
  const Json& value = needed(json, path);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) expected("an answer as `" + path + "`, found null");
  if (is_deeper(value, kMaxDepth)) expected("no value nested as deep as `" + path + "`");
  return value.dump();
}

std::optional<double> number_of(const Json& json, const std::optional<std::string>& path) {
  if (!path) return std::nullopt;
  const Json& value = needed(json, *path);
  if (value.is_null()) return std::nullopt;
  constexpr double kMost = 1e12;
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > kMost)
    expected("a number, at least 0, as `" + *path + "`");
  return value.get<double>();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

struct AnsweredLines::Content {
  std::string about;
  std::string answer;
  Recorded recorded;
};

AnsweredLines::AnsweredLines(LineFile file, const ReplayOptions& options, Mistakes& mistakes)
    : options_{options}, file_{std::move(file)} {
  if (options.key) key_ = *options.key == ReplayOptions::Key::text ? "text" : "id";
  file_.each([&](const ReadLine& line) { take(line, mistakes); });
  file_.sort();
  if (file_.entries().empty() && mistakes.empty()) mistakes.add("holds no lines");
  check_duplicates(mistakes);
  info_.file = file_.path();
  info_.format = "replay";
  info_.name = options.answer_field.value_or("");
  info_.architecture =
      "replay of " + info_.name + ", " + std::to_string(file_.entries().size()) + " lines by " + key_;
  if (mistakes.empty())
    info_.checksum = "lines " + file_checksum(file_.path()) + ' ' + info_.name + " by " + key_;
  std::error_code error;
  info_.file_bytes = std::filesystem::file_size(file_.path(), error);
  info_.memory_bytes = file_.entries().size() * sizeof(LineFile::Entry);
}

AnsweredLines::Content AnsweredLines::parse(std::string_view line) const {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) expected("a JSON object");
  Content content;
  const Json& about = needed(json, key_);
  if (!about.is_string() && !(key_ == "id" && about.is_number_integer()))
    expected("a text as `" + key_ + "`");
  content.about = about.is_string() ? about.get<std::string>() : about.dump();
  content.answer = text_of(json, *options_.answer_field);
  if (const auto latency = number_of(json, options_.latency_field))
    content.recorded.duration = std::chrono::nanoseconds{std::llround(*latency * 1e6)};
  content.recorded.cost = number_of(json, options_.cost_field);
  return content;
}

void AnsweredLines::take(const ReadLine& line, Mistakes& mistakes) {
  try {
    if (key_.empty()) key_ = Json::parse(line.text, nullptr, false).contains("text") ? "text" : "id";
    const Content content = parse(line.text);
    file_.add({hash_of(content.about), hash_of(content.answer), line.offset,
               static_cast<std::uint32_t>(line.text.size()), line.number});
  } catch (const std::invalid_argument& mistake) {
    mistakes.add(line.number, mistake.what());
  }
}

void AnsweredLines::check_duplicates(Mistakes& mistakes) const {
  const auto& entries = file_.entries();
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // in the order of the file
  for (std::size_t i = 1; i < entries.size(); ++i)
    if (entries[i].about == entries[i - 1].about && entries[i].key != entries[i - 1].key)
      pairs.emplace_back(std::max(entries[i].rank, entries[i - 1].rank),
                         std::min(entries[i].rank, entries[i - 1].rank));
  std::ranges::sort(pairs);
  for (const auto& [line, other] : pairs)
    mistakes.add(line, "the `" + key_ + "` is that of line " + std::to_string(other) +
                           ", whose answer is another one; expected one answer to each" +
                           (key_ == "text" ? ", or `key: id`" : ""));
}

Came AnsweredLines::find(const Asked& asked, const std::string& id) const {
  const std::string& about = key_ == "text" ? asked.prompt : id;
  const auto failed = [&](const std::string& reason) {
    return Came{ModelFailure{.reason = file_.short_name() + ' ' + reason}, {}};
  };
  const auto entries = file_.about(hash_of(about));
  if (entries.empty())
    return failed("has no line whose `" + key_ + "` is " + in_quotes(about) +
                  (key_ == "text" ? "; where a prompt adds to the text, `key: id` finds the line" : ""));
  Content content;
  try {
    content = parse(file_.read(entries.front()));
  } catch (const std::invalid_argument&) {
    content.about.clear();
  }
  if (content.about != about) return failed("has been changed since it was opened");
  if (asked.call == Asked::Call::generate) {
    Generation generation;
    generation.text = std::move(content.answer);
    return {std::move(generation), content.recorded};
  }
  const auto is_answer = [&](const std::string& choice) {
    return trimmed(choice) == trimmed(content.answer);
  };
  const auto chosen = std::ranges::find_if(asked.choices, is_answer);
  if (chosen == asked.choices.end())
    return failed("answers " + in_quotes(content.answer) + ", which is none of the choices");
  ChoiceScores scores;
  scores.chosen = static_cast<std::size_t>(chosen - asked.choices.begin());
  return {std::move(scores), content.recorded};
}

}  // namespace slm::replay
