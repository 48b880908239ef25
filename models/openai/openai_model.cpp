#include "models/openai/openai_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "models/openai/batch/batcher.h"
#include "models/openai/choice_path.h"
#include "models/openai/dispatcher.h"
#include "models/openai/endpoint.h"
#include "models/openai/request_body.h"
#include "models/output/gbnf_check.h"
#include "models/output/json_schema_grammar.h"
#include "models/output/output_text.h"

namespace slm::openai {
namespace {

using Server = OpenAiOptions::Server;
using Api = OpenAiOptions::Api;
using Form = ChoicePath::Form;

class RemoteConstraint : public Constraint {
 public:
  RemoteConstraint(const OpenAiModel* model, OutputFormat output_format,
                   std::optional<output::JsonSchema> json_schema)
      : owner(model), format(std::move(output_format)), schema(std::move(json_schema)) {}

  const OpenAiModel* owner;  // compared only
  OutputFormat format;
  std::optional<output::JsonSchema> schema;  // the finished answer is checked by it
};

/// Probability of the likeliest of the tokens less that of the second; empty where only one is shown.
std::optional<float> margin_of(const ReplyToken& token) {
  if (token.likeliest.size() < 2) return std::nullopt;
  std::array<float, 2> best{};
  for (const auto& [text, logprob] : token.likeliest) {
    const float probability = std::exp(logprob);
    best[1] = std::max(best[1], std::min(probability, best[0]));
    best[0] = std::max(best[0], probability);
  }
  return best[0] - best[1];
}

Generation generation_of(const Reply& reply, const std::vector<std::string>& stop,
                         const RemoteConstraint* constraint) {
  Generation generation;
  output::OutputText text(stop);
  const bool is_stopped = text.append(reply.text);
  generation.text = text.finish();
  if (is_stopped || reply.finish == Reply::Finish::stop_string)
    generation.finish = Generation::Finish::stop_string;
  else if (reply.finish == Reply::Finish::token_limit)
    generation.finish = Generation::Finish::max_tokens;
  if (reply.has_all_tokens) {
    for (const ReplyToken& token : reply.tokens) generation.evidence.token_logprobs.push_back(token.logprob);
    generation.evidence.first_token_margin = margin_of(reply.tokens.front());
  }
  if (constraint != nullptr && constraint->schema)
    generation.evidence.schema_valid = !constraint->schema->violation(generation.text).has_value();
  generation.prompt_tokens = reply.prompt_tokens.value_or(0);
  generation.generated_tokens = reply.generated_tokens.value_or(static_cast<int>(reply.tokens.size()));
  return generation;
}

/// Whether a stop string came: servers may take fewer of them than there are, or none.
std::function<bool(const Reply&)> stops_at(const std::vector<std::string>& stop) {
  if (stop.empty()) return nullptr;
  return [text = output::OutputText(stop), seen = std::size_t{0}](const Reply& reply) mutable {
    const std::string_view added = std::string_view(reply.text).substr(seen);
    seen = reply.text.size();
    return text.append(added);
  };
}

Form form_of(const OpenAiOptions& options) {
  if (options.api == Api::completions) return Form::exactly;
  return options.server == Server::llama_server ? Form::trimmed : Form::in_object;
}

/// A choice as one alternative of a grammar.
std::string gbnf_literal(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') literal += '\\';
    if (c == '\n') {
      literal += "\\n";
    } else if (c == '\r') {
      literal += "\\r";
    } else {
      literal += c;
    }
  }
  return literal + '"';
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \n\r\t");
  return begin == std::string_view::npos ? text : text.substr(begin);
}

OutputFormat format_of(const std::vector<std::string>& choices, const OpenAiOptions& options) {
  const Form form = form_of(options);
  if (form == Form::in_object) {
    const nlohmann::ordered_json schema{{"type", "object"},
                                        {"properties", {{"choice", {{"type", "string"}, {"enum", choices}}}}},
                                        {"required", {"choice"}},
                                        {"additionalProperties", false}};
    return {.json_schema = schema.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
  }
  if (options.server != Server::llama_server) return {};
  std::string gbnf = "root ::= ";
  for (const std::string& choice : choices) {
    if (&choice != &choices.front()) gbnf += " | ";
    gbnf += gbnf_literal(form == Form::trimmed ? trimmed(choice) : choice);
  }
  return {.gbnf = gbnf};
}

/// As many as servers give: 5 is the most of OpenAI's completions, 20 of its chats.
int likeliest_shown(const OpenAiOptions& options) {
  if (options.server == Server::llama_server) return 100;
  return options.api == Api::chat ? 20 : 5;
}

/// Enough tokens for the longest choice, of which each token is at least a byte, and what may stand around
/// it.
int tokens_for(const std::vector<std::string>& choices) {
  std::size_t longest = 0;
  for (const std::string& choice : choices) longest = std::max(longest, choice.size());
  return static_cast<int>(std::min<std::size_t>(longest, 1000)) + 32;
}

/// Only looked at: what is wrong inside a certificate shows when the first server is checked by it.
void check_certificates(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) throw ModelError(file.string() + ": cannot be read");
  if (text.view().find("CERTIFICATE-----") == std::string_view::npos)
    throw ModelError(file.string() + ": holds no certificate in PEM");
}

template <class Make>
Model opened(const OpenAiOptions& options, const Make& make) {
  if (!options.ca_file.empty()) check_certificates(options.ca_file);
  try {
    const std::shared_ptr<OpenAiModel> model = make();
    return {.info = {.format = "openai", .name = options.model},
            .classifier = nullptr,
            .generator = model,
            .scorer = model,
            .is_remote = true,
            .no_thinking = "its server says whether it thinks; leave `thinking` out"};
  } catch (const std::invalid_argument& error) {
    throw ModelError(std::string("`url`: ") + error.what());
  }
}

/// Reads the tokens of a reply as they come.
class ChoiceReader {
 public:
  ChoiceReader(std::shared_ptr<const std::vector<std::string>> choices, Form form)
      : choices_(std::move(choices)), path_(*choices_, form) {}

  bool is_enough(const Reply& reply) {
    for (; seen_ < reply.tokens.size(); ++seen_) path_.take(reply.tokens[seen_]);
    return seen_ > 0 && path_.is_decided();
  }

  ChoiceResult result(const Reply& reply, const std::string& origin) {
    ChoiceScores scores;
    scores.prompt_tokens = reply.prompt_tokens.value_or(0);
    if (reply.has_all_tokens) {
      is_enough(reply);
      scores.evidence.labels = {choices_, path_.probabilities()};
      if (!scores.evidence.labels.empty()) return scores;
    }
    const std::vector<std::size_t> chosen = path_.choices_of(reply.text);
    if (reply.text.empty() || chosen.empty())
      return ModelFailure{.reason = origin + ": the model answers \"" + reply.text.substr(0, 100) +
                                    "\", which is none of the choices",
                          .cause = ModelFailure::Cause::invalid,
                          .prompt_tokens = scores.prompt_tokens};
    scores.evidence.labels = {};
    scores.chosen = chosen.front();
    return scores;
  }

 private:
  std::shared_ptr<const std::vector<std::string>> choices_;
  ChoicePath path_;
  std::size_t seen_ = 0;
};

}  // namespace

OpenAiModel::OpenAiModel(const OpenAiOptions& options)
    : OpenAiModel(options, std::make_unique<Dispatcher>(options)) {}

OpenAiModel::OpenAiModel(const OpenAiOptions& options, std::unique_ptr<Desk> desk)
    : options_(options), desk_(std::move(desk)) {}

std::shared_ptr<const Constraint> OpenAiModel::compile(const ConstraintSource& source) const {
  const bool is_llama_server = options_.server == Server::llama_server;
  if (source.language == ConstraintSource::Language::json_schema) {
    auto schema = output::JsonSchema::parse(source.text);
    OutputFormat format;
    if (is_llama_server) {
      format.gbnf = output::to_gbnf(schema);
    } else {
      format.json_schema = source.text;
    }
    return std::make_shared<const RemoteConstraint>(this, std::move(format), std::move(schema));
  }
  if (!is_llama_server) throw ModelError("a GBNF grammar needs a model with `server: llama_server`");
  output::check_gbnf(source.text);
  return std::make_shared<const RemoteConstraint>(this, OutputFormat{.gbnf = source.text}, std::nullopt);
}

void OpenAiModel::generate(GenerationRequest request, std::function<void(GenerationResult)> done) {
  const auto constraint = std::dynamic_pointer_cast<const RemoteConstraint>(request.constraint);
  Query query{.prompt = std::move(request.prompt),
              .chat = std::move(request.chat),
              .stop = request.stop,
              .max_tokens = request.max_tokens,
              .temperature = request.temperature,
              .seed = request.seed,
              .top_logprobs = options_.logprobs ? 2 : 0};
  if (constraint) query.format = constraint->format;
  Call call{.body = request_body(query, options_),
            .patience = std::move(request.patience),
            .is_enough = stops_at(request.stop)};
  call.done = [constraint, stop = std::move(request.stop),
               done = std::move(done)](std::variant<Reply, ModelFailure> result) {
    if (auto* failure = std::get_if<ModelFailure>(&result)) return done(std::move(*failure));
    done(generation_of(std::get<Reply>(result), stop, constraint.get()));
  };
  if (request.constraint && (!constraint || constraint->owner != this))
    return desk_->answer(std::move(call),
                         ModelFailure{.reason = "the output format was compiled by another model"});
  if (request.max_tokens <= 0)
    return desk_->answer(std::move(call), Reply{.finish = Reply::Finish::token_limit});
  desk_->submit(std::move(call));
}

void OpenAiModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  const bool has_choices = request.choices && request.choices->size() >= 2 &&
                           std::none_of(request.choices->begin(), request.choices->end(),
                                        [](const std::string& choice) { return choice.empty(); });
  if (!has_choices) {
    Call call{.patience = std::move(request.patience)};
    call.done = [done = std::move(done)](std::variant<Reply, ModelFailure> result) {
      done(std::get<ModelFailure>(std::move(result)));
    };
    return desk_->answer(std::move(call), ModelFailure{.reason = "at least two choices are needed, "
                                                                 "none of them empty"});
  }
  const Query query{.prompt = std::move(request.prompt),
                    .chat = std::move(request.chat),
                    .max_tokens = tokens_for(*request.choices),
                    .format = format_of(*request.choices, options_),
                    .top_logprobs = options_.logprobs ? likeliest_shown(options_) : 0};
  const auto reader = std::make_shared<ChoiceReader>(request.choices, form_of(options_));
  Call call{.body = request_body(query, options_),
            .patience = std::move(request.patience),
            .is_enough = [reader](const Reply& reply) { return reader->is_enough(reply); }};
  call.done = [reader, origin = Endpoint::parse(options_.url).origin(),
               done = std::move(done)](std::variant<Reply, ModelFailure> result) {
    if (auto* failure = std::get_if<ModelFailure>(&result)) return done(std::move(*failure));
    done(reader->result(std::get<Reply>(result), origin));
  };
  desk_->submit(std::move(call));
}

Model open_openai(const OpenAiOptions& options) {
  return opened(options, [&] { return std::make_shared<OpenAiModel>(options); });
}

Model open_openai_in_batches(OpenAiOptions options, const BatchOptions& batches,
                             BatchSurroundings surroundings) {
  options.stream = false;
  Model model = opened(options, [&] {
    return std::make_shared<OpenAiModel>(
        options, std::make_unique<Batcher>(options, batches, std::move(surroundings)));
  });
  model.is_batched = true;
  return model;
}

}  // namespace slm::openai
