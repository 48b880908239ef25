#include "nodes/generate.h"

#include <algorithm>
#include <atomic>
#include <span>

#include "graph/pipeline.h"
#include "models/llama/constraint_check.h"
#include "models/model.h"
#include "models/ngram/xxhash64.h"
#include "models/text_file.h"
#include "nodes/charge.h"
#include "nodes/gate.h"
#include "nodes/model_resource.h"
#include "nodes/openai_batch.h"
#include "nodes/question.h"
#include "nodes/same_answer.h"

namespace slm {
namespace {

using Language = ConstraintSource::Language;

constexpr const char* kName = "generate";
constexpr double kSampleTemperature = 0.7;

std::shared_ptr<const Constraint> compiled(const Generator& generator, const GenerateOptions& options) {
  if (!options.schema && !options.grammar) return nullptr;
  const std::filesystem::path& file = options.schema ? options.schema->path : options.grammar->path;
  const ConstraintSource source{options.schema ? Language::json_schema : Language::gbnf,
                                read_text_file(file)};
  try {
    return generator.compile(source);
  } catch (const ModelError& error) {
    throw ModelError{"`" + file.lexically_normal().string() + "`: " + error.what()};
  }
}

const OpenAiOptions* remote_options(const GenerateOptions& options, const PipelineSpec& pipeline) {
  const ModelSpec* model = pipeline.model(options.model.name);
  return model ? openai_options(*model) : nullptr;
}

void check_format(const std::optional<FilePath>& file, const char* key, Language language,
                  CheckContext& context) {
  if (!file) return;
  try {
    llama::check_constraint({language, read_text_file(file->path)});
  } catch (const ModelError& error) {
    context.problem(file->place,
                    '`' + std::string{key} + "` of node `" + context.node().name + "`: " + error.what());
  }
}

std::vector<GenerationRequest> samples_of(const GenerationRequest& request, const GenerateOptions& options) {
  std::vector<GenerationRequest> samples(static_cast<std::size_t>(options.samples), request);
  if (samples.empty()) return samples;
  // From the prompt, so that a run repeats, and another request draws other tokens. Servers take 31 bits.
  std::uint64_t seed = request.seed + ngram::xxhash64(std::as_bytes(std::span{request.prompt}));
  for (GenerationRequest& sample : samples) {
    sample.temperature = static_cast<float>(options.sample_temperature.value_or(kSampleTemperature));
    sample.seed = ++seed & 0x7FFFFFFFU;
    sample.subject.reset();
    sample.draft.clear();
    sample.give_up_below = 0;
  }
  return samples;
}

/// The gate behind a node, if it goes by the least likely token as it is.
const GateOptions* gate_by_tokens(const GenerateOptions& options, const PipelineSpec& pipeline) {
  if (options.to.to.size() != 1) return nullptr;
  const NodeSpec* next = pipeline.node(options.to.to.front());
  if (!next || !next->type || !next->options) return nullptr;
  const GateOptions* gate = gate_options(*next);
  const bool is_by_tokens = gate && gate->confidence.signal && !gate->confidence.calibration &&
                            gate->confidence.signal->signal.kind == SignalKind::min_token_prob;
  return is_by_tokens ? gate : nullptr;
}

/// With a token that is less likely, the gate behind the node escalates whatever comes; 0 without early exit.
double least_of_use(const GenerateOptions& options, const PipelineSpec* pipeline) {
  const GateOptions* gate = options.early_exit && pipeline ? gate_by_tokens(options, *pipeline) : nullptr;
  if (!gate) return 0;
  double least = 1;
  if (gate->accept) least = std::min(least, gate->accept->at_least);
  if (gate->reject) least = std::min(least, gate->reject->at_least);
  return least;
}

void check_early_exit(const GenerateOptions& options, CheckContext& context) {
  const auto problem = [&](const std::string& why) {
    context.problem(context.node().place, "`early_exit` of node `" + context.node().name + "` " + why);
  };
  const GateOptions* gate = gate_by_tokens(options, context.pipeline());
  if (!gate)
    return problem("needs a gate in `to` with `confidence: { signal: min_token_prob }` and no calibration");
  if (gate->escalate.to.to.empty())
    problem("needs `escalate` in the gate: without, the message would end with a part of an answer");
  if (gate->drift) problem("cannot be with `drift` in the gate, which watches what whole answers are like");
}

/// Empty where there are no samples, or one of them failed.
std::optional<SampleVotes> votes_of(const std::vector<GenerationResult>& results) {
  if (results.size() == 1) return std::nullopt;
  const std::string& answer = std::get<Generation>(results.front()).text;
  SampleVotes votes;
  for (const GenerationResult& result : std::span{results}.subspan(1)) {
    const auto* sample = std::get_if<Generation>(&result);
    if (!sample) return std::nullopt;
    ++votes.samples;
    votes.agreeing += says_the_same(answer, sample->text) ? 1 : 0;
  }
  return votes;
}

/// An answer and its samples are written together: their tokens and costs add up, and the longest is the
/// time. What a cache gave of them costs nothing.
void charge_for(Hop& hop, const ModelRates& rates, const std::vector<GenerationResult>& results,
                const std::vector<Spent>& each) {
  std::uint32_t answers = 0;
  Recorded recorded;
  Spent spent;
  for (const Spent& one : each) {
    spent.prompt_tokens += one.prompt_tokens;
    spent.generated_tokens += one.generated_tokens;
    spent.failed_tries += one.failed_tries;
    spent.time = std::max(spent.time, one.time);
  }
  for (const GenerationResult& result : results) {
    const auto* written = std::get_if<Generation>(&result);
    if (!written || written->recorded.is_cached) continue;
    ++answers;
    hop.prompt_tokens += static_cast<std::uint32_t>(written->prompt_tokens);
    hop.generated_tokens += static_cast<std::uint32_t>(written->generated_tokens);
    recorded.duration = std::max(recorded.duration, written->recorded.duration);
    if (written->recorded.cost) recorded.cost = recorded.cost.value_or(0) + *written->recorded.cost;
  }
  const auto* answer = std::get_if<Generation>(&results.front());
  const bool is_cached = answer && answer->recorded.is_cached;
  recorded.is_cached = is_cached && answers == 0;
  charge(hop, rates, answers, recorded, spent);
  hop.is_cached = is_cached;
  if (is_cached) hop.nearest = answer->recorded.nearest;
  if (answer) hop.variant = answer->variant;
}

}  // namespace

/// An answer and then its samples while they are written; the last of them to come goes on.
struct GenerateNode::Ballot {
  Ballot(std::size_t count, Done when_done)
      : results(count), spent(count), missing{count}, done{std::move(when_done)} {}

  std::vector<GenerationResult> results;
  std::vector<Spent> spent;
  std::atomic<std::size_t> missing;
  Done done;
};

Fields<GenerateOptions> GenerateOptions::fields() {
  using O = GenerateOptions;
  return Fields<O>{}
      .required("model", &O::model, "model that writes")
      .optional("prompt", &O::prompt, "what the model continues, with places such as {text}")
      .optional("chat", &O::chat,
                "in place of `prompt`: what the model is told in its own form of conversation")
      .optional("schema", &O::schema, "JSON Schema file that the answer is held to")
      .optional("grammar", &O::grammar, "GBNF grammar file that the answer is held to")
      .optional("max_tokens", &O::max_tokens, "the answer is cut off after this many; 128 if left out",
                {1, 1 << 20})
      .optional("thinking", &O::thinking,
                "with `chat`: tokens that a model which can think may think before its answer; none if left "
                "out",
                {1, 1 << 20})
      .optional("stop", &O::stop, "texts before the first of which the answer ends")
      .optional("temperature", &O::temperature, "0, the default, always takes the likeliest token", {0, 10})
      .optional("seed", &O::seed, "draws the same tokens again; for a temperature above 0", {0})
      .optional("early_exit", &O::early_exit,
                "true: a `llama` model stops where the gate that follows can only escalate the message")
      .optional("samples", &O::samples,
                "further answers drawn to see how many say the same, for `self_consistency`",
                {1, kMostSamples})
      .optional("sample_temperature", &O::sample_temperature, "that samples are drawn at; 0.7 if left out",
                {0.01, 10})
      .optional("retry", &O::retry, "which failures of the model are followed by another try")
      .optional("to", &O::to, "next node; left out, the message is answered")
      .optional("on_failure", &O::on_failure, OnFailure::kDoc);
}

GenerateNode::GenerateNode(GenerateOptions options, const NodeContext& context)
    : options_{std::move(options)},
      give_up_below_{context.is_trial() ? 0 : least_of_use(options_, context.pipeline())},
      is_remote_{opened_model(context, options_.model).is_remote},
      subjects_{opened_model(context, options_.model).subjects},
      rates_{context.rates(options_.model.name)},
      generator_{opened_model(context, options_.model).generator},
      constraint_{compiled(*generator_, options_)},
      failure_exit_{options_.on_failure, context},
      retry_{options_.retry, opened_model(context, options_.model).is_batched} {
  const Model& model = opened_model(context, options_.model);
  if (options_.chat) require("chat", model, model.no_chat);
  if (options_.thinking > 0) require("thinking", model, model.no_thinking);
}

void GenerateNode::process(Message& message, Done done) {
  if (is_remote_ && message.request.privacy == Privacy::local)
    return done(failure_exit_.of_private(options_.model.name, message));
  Question question = Asking{options_.prompt, options_.chat}.of(message, subjects_);
  GenerationRequest request;
  request.id = message.request.id;
  request.prompt = std::move(question.prompt);
  request.chat = std::move(question.chat);
  request.subject = std::move(question.subject);
  request.constraint = constraint_;
  request.stop = options_.stop;
  request.max_tokens = options_.max_tokens;
  request.thinking_tokens = options_.thinking;
  request.temperature = static_cast<float>(options_.temperature);
  request.seed = static_cast<std::uint64_t>(options_.seed);
  request.give_up_below = give_up_below_;
  // What a smaller tier has written is most often what is to be written, all or nearly so.
  request.draft = message.answer.text;

  const std::size_t count = 1 + static_cast<std::size_t>(options_.samples);
  const auto ballot = std::make_shared<Ballot>(count, std::move(done));
  const std::vector<GenerationRequest> samples = samples_of(request, options_);
  const auto ask = [&](GenerationRequest asked, std::size_t position) {
    retry_.ask<GenerationResult>(
        message,
        [this, asked = std::move(asked)](Patience patience, auto written) {
          GenerationRequest again = asked;
          again.patience = std::move(patience);
          generator_->generate(std::move(again), std::move(written));
        },
        [this, &message, ballot, position](GenerationResult result, const Spent& spent) {
          ballot->results[position] = std::move(result);
          ballot->spent[position] = spent;
          if (--ballot->missing == 0) ballot->done(take(message, *ballot));
        });
  };
  ask(std::move(request), 0);
  for (std::size_t i = 0; i < samples.size(); ++i) ask(samples[i], i + 1);
}

Exit GenerateNode::take(Message& message, Ballot& ballot) const {
  charge_for(message.hop(), rates_, ballot.results, ballot.spent);
  if (const auto* failure = std::get_if<ModelFailure>(&ballot.results.front()))
    return failure_exit_.after(*failure, message);
  auto& generation = std::get<Generation>(ballot.results.front());
  message.is_degraded |= generation.is_prompt_cut;
  generation.evidence.sample_votes = votes_of(ballot.results);
  if (!message.answer.text.empty())
    generation.evidence.agreement = says_the_same(message.answer.text, generation.text);
  message.answer.text = std::move(generation.text);
  message.answer.tier = options_.model.name;
  message.answer.evidence = std::move(generation.evidence);
  message.answer.confidence.reset();
  return options_.to;
}

std::optional<int> samples_taken_by(const NodeSpec& node) {
  if (node.type->name != kName) return std::nullopt;
  return static_cast<const GenerateOptions*>(node.options.get())->samples;
}

bool generate_retries(const NodeSpec& node) {
  return node.type->name == kName && static_cast<const GenerateOptions*>(node.options.get())->retry;
}

void GenerateNode::check(const GenerateOptions& options, CheckContext& context) {
  RetryOptions::check(options.retry, context);
  if (options.early_exit) check_early_exit(options, context);
  check_format(options.schema, "schema", Language::json_schema, context);
  check_format(options.grammar, "grammar", Language::gbnf, context);
  if (options.schema && options.grammar)
    context.problem(options.grammar->place, "node `" + context.node().name +
                                                "` has both `schema` and `grammar`; expected one of them");
  if (options.sample_temperature && options.samples == 0)
    context.problem(context.node().place, "`sample_temperature` of node `" + context.node().name +
                                              "` has no use without samples; expected `samples` too");
  const std::string node = "node `" + context.node().name + "` ";
  if (!options.prompt && !options.chat)
    context.problem(context.node().place, node + "lacks `prompt`; expected one of `prompt` and `chat`");
  if (options.thinking > 0 && !options.chat)
    context.problem(context.node().place, "`thinking` of " + node +
                                              "needs `chat`, by whose template the model "
                                              "is told to think; expected `chat` in place of `prompt`");
  const OpenAiOptions* remote = remote_options(options, context.pipeline());
  Asking{options.prompt, options.chat}.check(options.model.name, context);
  check_time_for_batches(options.model, context);
  if (options.grammar && remote && remote->server != OpenAiOptions::Server::llama_server)
    context.problem(options.grammar->place, "`grammar` of node `" + context.node().name + "`: model `" +
                                                options.model.name +
                                                "` takes none; expected `schema`, or `server: llama_server` "
                                                "in the model where it is one");
}

std::vector<SignalKind> GenerateNode::gives(const GenerateOptions& options, const PipelineSpec& pipeline) {
  std::vector<SignalKind> kinds;
  const ModelSpec* model = pipeline.model(options.model.name);
  if (!model || shows_probabilities(*model))
    kinds = {SignalKind::min_token_prob, SignalKind::mean_logprob, SignalKind::quantile_logprob,
             SignalKind::first_token_margin, SignalKind::length};
  if (options.schema) kinds.push_back(SignalKind::schema_valid);
  kinds.push_back(SignalKind::agreement);
  if (options.samples > 0) kinds.push_back(SignalKind::self_consistency);
  return kinds;
}

std::string GenerateNode::asks(const GenerateOptions& options) {
  std::string text = Asking{options.prompt, options.chat}.source();
  for (const auto& file : {options.schema, options.grammar})
    text.append(1, '\0').append(file ? read_text_file(file->path) : "");
  if (options.thinking > 0) text.append(1, '\0').append("thinking ").append(std::to_string(options.thinking));
  return text;
}

}  // namespace slm
