#include "models/replay/record.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "models/checksum.h"

namespace slm::replay {
namespace {

using Json = nlohmann::ordered_json;
using Call = Asked::Call;
using Finish = Generation::Finish;

constexpr std::string_view kHeader = "slm_graph_recording";
constexpr int kVersion = 1;

constexpr std::array kCalls{std::pair{"classify", Call::classify}, std::pair{"choose", Call::choose},
                            std::pair{"generate", Call::generate}};
constexpr std::array kFinishes{
    std::pair{"given_up", Finish::given_up}, std::pair{"end_of_text", Finish::end_of_text},
    std::pair{"stop_string", Finish::stop_string}, std::pair{"max_tokens", Finish::max_tokens}};

// As short as tells it from every other float.
double shortest(float value) {
  std::array<char, 32> digits{};
  double result = 0;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::from_chars(digits.data(), end, result);
  return result;
}

// JSON has no infinity; only a log-probability can be infinite.
Json floats_json(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(std::isfinite(value) ? Json(shortest(value)) : Json());
  return list;
}

template <class Names, class Value>
const char* name_in(const Names& names, Value value) {
  for (const auto& [name, named] : names)
    if (named == value) return name;
  return "";
}

Json asked_json(const Asked& asked) {
  Json json{{"prompt", asked.prompt}};
  if (asked.call == Call::choose) json["choices"] = asked.choices;
  if (asked.is_chat) json["chat"] = true;
  if (asked.call != Call::generate) return json;
  if (!asked.format.empty()) json["format"] = asked.format;
  if (!asked.stop.empty()) json["stop"] = asked.stop;
  json["max_tokens"] = asked.max_tokens;
  if (asked.thinking_tokens > 0) json["thinking_tokens"] = asked.thinking_tokens;
  json["temperature"] = shortest(asked.temperature);
  json["seed"] = asked.seed;
  return json;
}

Json json_of(const Generation& answer) {
  Json json{{"text", answer.text}, {"finish", name_in(kFinishes, answer.finish)}};
  const Evidence& evidence = answer.evidence;
  if (!evidence.token_logprobs.empty()) json["token_logprobs"] = floats_json(evidence.token_logprobs);
  if (evidence.first_token_margin) json["first_token_margin"] = shortest(*evidence.first_token_margin);
  if (evidence.schema_valid) json["schema_valid"] = *evidence.schema_valid;
  json["prompt_tokens"] = answer.prompt_tokens;
  json["generated_tokens"] = answer.generated_tokens;
  return json;
}

Json json_of(const ChoiceScores& answer) {
  Json json = Json::object();
  if (answer.chosen) json["chosen"] = *answer.chosen;
  if (!answer.evidence.labels.empty())
    json["probabilities"] = floats_json(answer.evidence.labels.probabilities);
  json["prompt_tokens"] = answer.prompt_tokens;
  return json;
}

Json json_of(const Header& header) {
  return {{kHeader, header.version}};
}

Json json_of(const RecordedModel& model) {
  Json json{{"model", model.name}, {"identity", model.identity}};
  if (!model.labels.empty()) json["labels"] = model.labels;
  return json;
}

Json json_of(const RecordedFormat& format) {
  return {{"format", format.name}, {"text", format.text}};
}

Json json_of(const Record& record) {
  Json json{{"key", hexadecimal(record.key)},
            {"model", record.model},
            {"identity", record.identity},
            {"call", name_in(kCalls, record.asked.call)},
            {"asked", asked_json(record.asked)}};
  if (const auto* failure = std::get_if<ModelFailure>(&record.answer))
    json["failure"] = failure->reason;
  else if (const auto* generation = std::get_if<Generation>(&record.answer))
    json["answer"] = json_of(*generation);
  else
    json["answer"] = json_of(std::get<ChoiceScores>(record.answer));
  if (record.recorded.duration)
    json["duration_ms"] = static_cast<double>(record.recorded.duration->count()) / 1e6;
  if (record.recorded.cost) json["cost"] = *record.recorded.cost;
  return json;
}

[[noreturn]] void expected(const std::string& what) {
  throw std::invalid_argument("expected " + what);
}

/// The member of an object; null where it is missing.
const Json& member(const Json& json, const char* name) {
  static const Json none;
  const auto found = json.find(name);
  return found == json.end() ? none : *found;
}

std::string text_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (!value.is_string()) expected(std::string("a text as `") + name + '`');
  return value.get<std::string>();
}

std::vector<std::string> texts_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  std::vector<std::string> texts;
  if (value.is_null()) return texts;
  if (!value.is_array()) expected(std::string("a list of texts as `") + name + '`');
  for (const Json& text : value) {
    if (!text.is_string()) expected(std::string("a list of texts as `") + name + '`');
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::vector<float> floats_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  std::vector<float> floats;
  if (value.is_null()) return floats;
  if (!value.is_array()) expected(std::string("a list of numbers as `") + name + '`');
  floats.reserve(value.size());
  for (const Json& number : value) {
    if (!number.is_number() && !number.is_null())
      expected(std::string("a list of numbers as `") + name + '`');
    floats.push_back(number.is_null() ? -std::numeric_limits<float>::infinity() : number.get<float>());
  }
  return floats;
}

template <class Number>
Number whole_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (!value.is_number_unsigned() ||
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<Number>::max()})
    expected(std::string("a whole number, at least 0, as `") + name + '`');
  return value.get<Number>();
}

std::optional<double> number_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) expected(std::string("a number as `") + name + '`');
  return value.get<double>();
}

template <class Names>
auto named_in(const Names& names, const Json& json, const char* key) {
  const std::string found = text_in(json, key);
  std::string list;
  for (const auto& [name, value] : names) {
    if (found == name) return value;
    list.append(list.empty() ? "`" : "`, `").append(name);
  }
  expected(std::string("one of ").append(list).append("` as `").append(key).append("`"));
}

const Json& object_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (!value.is_object()) expected(std::string("an object as `") + name + '`');
  return value;
}

Asked asked_in(const Json& json, Call call) {
  Asked asked{.call = call, .prompt = text_in(json, "prompt"), .choices = {}, .format = {}, .stop = {}};
  if (call == Call::choose) asked.choices = texts_in(json, "choices");
  if (const Json& chat = member(json, "chat"); chat.is_boolean()) asked.is_chat = chat.get<bool>();
  if (call != Call::generate) return asked;
  if (json.contains("format")) asked.format = text_in(json, "format");
  asked.stop = texts_in(json, "stop");
  asked.max_tokens = whole_in<int>(json, "max_tokens");
  if (json.contains("thinking_tokens")) asked.thinking_tokens = whole_in<int>(json, "thinking_tokens");
  asked.temperature = static_cast<float>(number_in(json, "temperature").value_or(0));
  asked.seed = whole_in<std::uint64_t>(json, "seed");
  return asked;
}

Generation generation_in(const Json& json) {
  Generation answer;
  answer.text = text_in(json, "text");
  answer.finish = named_in(kFinishes, json, "finish");
  answer.evidence.token_logprobs = floats_in(json, "token_logprobs");
  if (const auto margin = number_in(json, "first_token_margin"))
    answer.evidence.first_token_margin = static_cast<float>(*margin);
  if (const Json& valid = member(json, "schema_valid"); valid.is_boolean())
    answer.evidence.schema_valid = valid.get<bool>();
  answer.prompt_tokens = whole_in<int>(json, "prompt_tokens");
  answer.generated_tokens = whole_in<int>(json, "generated_tokens");
  return answer;
}

ChoiceScores scores_in(const Json& json, const Asked& asked) {
  ChoiceScores answer;
  answer.evidence.labels.probabilities = floats_in(json, "probabilities");
  answer.prompt_tokens = whole_in<int>(json, "prompt_tokens");
  if (json.contains("chosen")) answer.chosen = whole_in<std::size_t>(json, "chosen");
  if (!answer.chosen && answer.evidence.labels.empty()) expected("`probabilities` or `chosen`");
  if (asked.call == Call::choose &&
      (answer.chosen ? *answer.chosen >= asked.choices.size()
                     : answer.evidence.labels.probabilities.size() != asked.choices.size()))
    expected("as many `probabilities` as `choices`, or one of them `chosen`");
  return answer;
}

Record record_in(const Json& json) {
  Record record{.model = text_in(json, "model"),
                .identity = text_in(json, "identity"),
                .asked = asked_in(object_in(json, "asked"), named_in(kCalls, json, "call")),
                .answer = ModelFailure{},
                .recorded = {}};
  if (json.contains("failure"))
    record.answer = ModelFailure{.reason = text_in(json, "failure")};
  else if (record.asked.call == Call::generate)
    record.answer = generation_in(object_in(json, "answer"));
  else
    record.answer = scores_in(object_in(json, "answer"), record.asked);
  if (const auto duration = number_in(json, "duration_ms"); duration && *duration >= 0 && *duration < 1e12)
    record.recorded.duration = std::chrono::nanoseconds{std::llround(*duration * 1e6)};
  record.recorded.cost = number_in(json, "cost");

  const std::string key = text_in(json, "key");
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), record.key, 16);
  if (error != std::errc{} || end != key.data() + key.size()) expected("16 hexadecimal digits as `key`");
  // What was not UTF-8 is gone from the prompt, and only the key still knows it.
  const bool is_whole = record.asked.prompt.find("\uFFFD") == std::string::npos;
  if (is_whole && record.key != key_of(record.asked, record.identity))
    expected("the `key` of what was asked; the line has been changed");
  return record;
}

}  // namespace

bool begins_recording(std::string_view beginning) {
  return beginning.starts_with(std::string("{\"").append(kHeader).append("\":"));
}

std::string to_text(const Line& line) {
  const Json json = std::visit([](const auto& one) { return json_of(one); }, line);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Line parse_line(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) expected("a JSON object");
  if (json.contains("key")) return record_in(json);
  if (json.contains("model"))
    return RecordedModel{text_in(json, "model"), text_in(json, "identity"), texts_in(json, "labels")};
  if (json.contains("format")) return RecordedFormat{text_in(json, "format"), text_in(json, "text")};
  if (!json.contains(kHeader)) expected("a line of a recording");
  const int version = whole_in<int>(json, kHeader.data());
  if (version != kVersion) expected("version 1 of the format; a newer slm-graph reads this file");
  return Header{version};
}

}  // namespace slm::replay
