#include "models/replay/asked.h"

#include <bit>
#include <span>

#include "models/checksum.h"
#include "models/ngram/xxhash64.h"
#include "models/output/utf8.h"

namespace slm::replay {
namespace {

void append(std::string& bytes, std::uint64_t number) {
  for (int byte = 0; byte < 8; ++byte) bytes += static_cast<char>((number >> (8 * byte)) & 255U);
}

// With its length before it, so that no two lists of texts give the same bytes.
void append(std::string& bytes, std::string_view text) {
  append(bytes, std::uint64_t{text.size()});
  bytes += text;
}

void append(std::string& bytes, const std::vector<std::string>& texts) {
  append(bytes, std::uint64_t{texts.size()});
  for (const std::string& text : texts) append(bytes, std::string_view{text});
}

}  // namespace

Asked asked_of(const GenerationRequest& request, std::string format) {
  return {.call = Asked::Call::generate,
          .prompt = request.prompt,
          .is_chat = request.chat.has_value(),
          .choices = {},
          .format = std::move(format),
          .stop = request.stop,
          .max_tokens = request.max_tokens,
          .thinking_tokens = request.thinking_tokens,
          .temperature = request.temperature,
          .seed = request.seed};
}

Asked asked_of(const ChoiceRequest& request) {
  Asked asked{.call = request.choices ? Asked::Call::choose : Asked::Call::classify,
              .prompt = request.prompt,
              .is_chat = request.chat.has_value(),
              .choices = {},
              .format = {},
              .stop = {}};
  if (request.choices) asked.choices = *request.choices;
  return asked;
}

std::string format_name(const ConstraintSource& source) {
  const bool is_schema = source.language == ConstraintSource::Language::json_schema;
  return (is_schema ? "json_schema:" : "gbnf:") + hexadecimal(hash_of(source.text));
}

std::uint64_t key_of(const Asked& asked, std::string_view identity) {
  std::string bytes;
  append(bytes, identity);
  append(bytes, static_cast<std::uint64_t>(asked.call));
  append(bytes, std::string_view{asked.prompt});
  append(bytes, asked.choices);
  append(bytes, std::string_view{asked.format});
  append(bytes, asked.stop);
  append(bytes, static_cast<std::uint64_t>(asked.max_tokens));
  append(bytes, std::uint64_t{std::bit_cast<std::uint32_t>(asked.temperature)});
  append(bytes, asked.seed);
  if (asked.is_chat) append(bytes, std::string_view{"chat"});
  if (asked.thinking_tokens > 0) append(bytes, static_cast<std::uint64_t>(asked.thinking_tokens));
  return hash_of(bytes);
}

std::uint64_t hash_of(std::string_view text) {
  return ngram::xxhash64(std::as_bytes(std::span{text}));
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  return '"' + output::valid_utf8(text.substr(0, kLongest)) + (text.size() > kLongest ? "…\"" : "\"");
}

}  // namespace slm::replay
