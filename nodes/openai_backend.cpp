#include <algorithm>
#include <array>
#include <string_view>

#include "graph/pipeline.h"
#include "models/openai/embedder.h"
#include "models/openai/endpoint.h"
#include "models/openai/openai_model.h"
#include "nodes/model_resource.h"
#include "nodes/openai_batch.h"

namespace slm {

template <>
struct EnumNames<OpenAiOptions::Api> {
  static constexpr std::pair<std::string_view, OpenAiOptions::Api> names[] = {
      {"chat", OpenAiOptions::Api::chat}, {"completions", OpenAiOptions::Api::completions}};
};
template <>
struct EnumNames<OpenAiOptions::Server> {
  static constexpr std::pair<std::string_view, OpenAiOptions::Server> names[] = {
      {"openai", OpenAiOptions::Server::openai}, {"llama_server", OpenAiOptions::Server::llama_server}};
};
template <>
struct EnumNames<OpenAiOptions::TokenLimit> {
  static constexpr std::pair<std::string_view, OpenAiOptions::TokenLimit> names[] = {
      {"max_tokens", OpenAiOptions::TokenLimit::max_tokens},
      {"max_completion_tokens", OpenAiOptions::TokenLimit::max_completion_tokens}};
};

namespace {

constexpr const char* kOpenAi = "openai";

struct ServerAddress {
  static constexpr std::string_view kExpected = "an address such as `https://host/v1`";
  static ServerAddress parse(std::string_view text) {
    openai::Endpoint::parse(text);
    return {std::string(text)};
  }
  std::string text;
};

struct OpenAiEntry {
  ServerAddress url;
  Secret api_key;
  std::optional<std::string> api_key_header;
  std::optional<FilePath> ca_file;
  std::optional<cache::CacheOptions> cache;
  std::optional<BatchEntry> batch;
  OpenAiOptions options;  // all others

  OpenAiOptions whole() const {
    OpenAiOptions whole = options;
    whole.url = url.text;
    whole.api_key = api_key.text;
    if (api_key_header) whole.api_key_header = *api_key_header;
    if (ca_file) whole.ca_file = ca_file->path;
    return whole;
  }
};

const OpenAiEntry& entry_of(const void* options) {
  return *static_cast<const OpenAiEntry*>(options);
}

/// A field of `OpenAiEntry::options`.
template <class T>
Field option(const char* key, T OpenAiOptions::*member, const char* doc, Range range = {},
             bool is_required = false) {
  return {key, doc, is_required, range, kind_of<T>(), [member](void* entry) -> void* {
            return &(static_cast<OpenAiEntry*>(entry)->options.*member);
          }};
}

std::vector<Field> openai_fields() {
  using E = OpenAiEntry;
  using O = OpenAiOptions;
  std::vector<Field> fields =
      Fields<E>{}
          .required("url", &E::url, "address of the API, before `/chat/completions`, such as https://host/v1")
          .optional("api_key", &E::api_key, "key of the API, as ${NAME} only")
          .optional("api_key_header", &E::api_key_header,
                    "header that carries the key as it is; left out, it is `Authorization`, after `Bearer `")
          .optional("ca_file", &E::ca_file,
                    "PEM file with the authorities trusted to sign the server's certificate; the system's if "
                    "left out")
          .optional("cache", &E::cache, cache::kDoc)
          .optional("batch", &E::batch, std::string(BatchEntry::kDoc))
          .list();
  const std::array others{
      option("model", &O::model, "name that the server knows the model by", {}, true),
      option("api", &O::api,
             "`chat`, the default, sends a prompt as the message of a user, `completions` as it is"),
      option("server", &O::server,
             "`llama_server` takes grammars too; `openai`, the default, is every other"),
      option("headers", &O::headers, "further headers by name; none that holds a key"),
      option("insecure", &O::insecure, "allow plain http:// beyond loopback"),
      option("logprobs", &O::logprobs, "ask for log-probabilities, the evidence of gates; true if left out"),
      option("stream", &O::stream, "have answers token by token; true if left out"),
      option("strict", &O::strict, "send a schema as `strict`; true if left out"),
      option("token_limit", &O::token_limit, "what the server calls the limit of tokens"),
      option("concurrency", &O::concurrency, "requests under way together; 16 if left out", {1, 256}),
      option("retries", &O::retries,
             "further tries where the server is out of reach or has no time; 4 if left out", {0, 100}),
      option("timeout", &O::timeout, "of a request with all its tries; 60s if left out"),
      option("connect_timeout", &O::connect_timeout, "to connect; 10s if left out"),
      option("first_token_timeout", &O::first_token_timeout, "until the first token; 60s if left out"),
      option("token_timeout", &O::token_timeout, "between two tokens; 15s if left out")};
  fields.insert(fields.end(), others.begin(), others.end());
  return fields;
}

bool is_token_character(char c) {  // RFC 9110, 5.6.2
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

void check_header(const std::string& name, const std::string& value, std::vector<std::string>& problems) {
  constexpr std::array<std::string_view, 10> kOurs{
      "accept",       "accept-encoding", "connection", "content-encoding",  "content-length",
      "content-type", "expect",          "host",       "transfer-encoding", "user-agent"};
  constexpr std::array<std::string_view, 5> kOfSecrets{"key", "token", "secret", "authorization", "cookie"};
  const std::string place = "header `" + name + "` ";
  const std::string low = lower(name);
  if (!is_header_name(name)) {
    problems.push_back(place + "has a name that no header may have");
  } else if (std::find(kOurs.begin(), kOurs.end(), low) != kOurs.end()) {
    problems.push_back(place + "is set by slm-graph itself");
  } else if (std::any_of(kOfSecrets.begin(), kOfSecrets.end(),
                         [&](std::string_view end) { return low.ends_with(end); })) {
    problems.push_back(
        place + "looks like one that holds a key; expected `api_key`, with `api_key_header: " + name + "`");
  } else if (!is_header_value(value)) {
    problems.push_back(place + "has a value with a line end or another control character");
  }
}

void check_key(const OpenAiEntry& entry, std::vector<std::string>& problems) {
  const std::string& key = entry.api_key.text;
  if (std::any_of(key.begin(), key.end(), [](char c) { return c <= ' ' || c >= '\x7f'; }))
    problems.emplace_back(
        "the value of `api_key` holds a blank, a line end or another character that no key has");
  if (!entry.api_key_header) return;
  if (key.empty()) problems.emplace_back("`api_key_header` needs an `api_key`");
  if (!is_header_name(*entry.api_key_header))
    problems.push_back("`api_key_header` is `" + *entry.api_key_header + "`; expected the name of a header");
}

std::vector<std::string> check(const OpenAiEntry& entry) {
  std::vector<std::string> problems;
  const auto endpoint = openai::Endpoint::parse(entry.url.text);
  const OpenAiOptions& options = entry.options;
  if (!endpoint.is_tls && !endpoint.is_loopback() && !options.insecure)
    problems.emplace_back(
        "`url` is plain `http://` beyond this machine, where others can read requests and key; expected "
        "`https://`, or `insecure: true`");
  if (!endpoint.is_tls && entry.ca_file)
    problems.emplace_back("`ca_file` has no use with `http://`; expected `https://` in `url`");
  if (options.model.empty()) problems.emplace_back("`model` is empty; expected a model's name");
  check_key(entry, problems);
  for (const auto& [name, value] : options.headers) check_header(name, value, problems);
  const std::array<std::pair<const char*, std::chrono::milliseconds>, 4> times{
      {{"timeout", options.timeout},
       {"connect_timeout", options.connect_timeout},
       {"first_token_timeout", options.first_token_timeout},
       {"token_timeout", options.token_timeout}}};
  for (const auto& [key, time] : times) {
    if (time.count() <= 0) problems.push_back(std::string("`") + key + "` leaves no time; expected more");
  }
  if (entry.batch) {
    const auto more = problems_of(*entry.batch);
    problems.insert(problems.end(), more.begin(), more.end());
  }
  return problems;
}

/// In place of the model that was opened, one that asks in batches, where the entry says so.
std::shared_ptr<Resource> keep(const ModelSpec& model, std::shared_ptr<Resource> opened,
                               const ModelSurroundings& surroundings) {
  const OpenAiEntry& entry = entry_of(model.options.get());
  if (entry.batch) {
    const auto log = [name = model.name, log = surroundings.log](const std::string& line) {
      log(name + ": " + line);
    };
    opened = std::make_shared<ModelResource>(
        openai::open_openai_in_batches(entry.whole(), entry.batch->whole(), {log, surroundings.leaving}));
  }
  return keep_answers(model, std::move(opened), surroundings);
}

}  // namespace

const BatchEntry* batch_of(const ModelSpec& model) {
  if (model.type == nullptr || model.type->name != kOpenAi) return nullptr;
  const auto& batch = entry_of(model.options.get()).batch;
  return batch ? &*batch : nullptr;
}

const OpenAiOptions* openai_options(const ModelSpec& model) {
  return model.type->name == kOpenAi ? &entry_of(model.options.get()).options : nullptr;
}

const cache::CacheOptions* openai_cache(const ModelSpec& model) {
  if (model.type->name != kOpenAi) return nullptr;
  const auto& cache = entry_of(model.options.get()).cache;
  return cache ? &*cache : nullptr;
}

std::optional<RemoteModel> remote_of(const ModelSpec& model) {
  if (model.type->name != kOpenAi) return std::nullopt;
  const OpenAiEntry& entry = entry_of(model.options.get());
  return RemoteModel{entry.options.model, openai::Endpoint::parse(entry.url.text).origin()};
}

ModelType openai_backend() {
  ModelType type{kOpenAi, "a language model behind an OpenAI-compatible HTTP API", openai_fields()};
  type.make_options = [] { return std::make_shared<OpenAiEntry>(); };
  type.open = [](const void* options, const ModelSurroundings&) -> std::shared_ptr<Resource> {
    return std::make_shared<ModelResource>(openai::open_openai(entry_of(options).whole()));
  };
  type.open_embedder = [](const void* options) -> std::shared_ptr<Resource> {
    return std::make_shared<EmbedderResource>(openai::open_embedder(entry_of(options).whole()));
  };
  type.check = [](const void* options) { return check(entry_of(options)); };
  type.keep = keep;
  type.serves = {"classify", "generate"};
  type.is_remote = true;
  return type;
}

}  // namespace slm
