#include "nodes/generate.h"

#include "graph/pipeline.h"
#include "models/llama/constraint_check.h"
#include "models/model.h"
#include "models/text_file.h"
#include "nodes/model_exit.h"
#include "nodes/model_resource.h"

namespace slm {
namespace {

using Language = ConstraintSource::Language;

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

}  // namespace

Fields<GenerateOptions> GenerateOptions::fields() {
  using O = GenerateOptions;
  return Fields<O>{}
      .required("model", &O::model, "model that writes")
      .required("prompt", &O::prompt, "what the model continues, with places such as {text}")
      .optional("schema", &O::schema, "JSON Schema file that the answer is held to")
      .optional("grammar", &O::grammar, "GBNF grammar file that the answer is held to")
      .optional("max_tokens", &O::max_tokens, "the answer is cut off after this many; 128 if left out",
                {1, 1 << 20})
      .optional("stop", &O::stop, "texts before the first of which the answer ends")
      .optional("temperature", &O::temperature, "0, the default, always takes the likeliest token", {0, 10})
      .optional("seed", &O::seed, "draws the same tokens again; for a temperature above 0", {0})
      .optional("to", &O::to, "next node; left out, the message is answered");
}

GenerateNode::GenerateNode(GenerateOptions options, const NodeContext& context)
    : options_{std::move(options)},
      is_remote_{opened_model(context, options_.model).is_remote},
      generator_{opened_model(context, options_.model).generator},
      constraint_{compiled(*generator_, options_)} {}

void GenerateNode::process(Message& message, Done done) {
  if (is_remote_ && message.request.privacy == Privacy::local)
    return done(exit_of_private(options_.model.name));
  GenerationRequest request;
  request.prompt = options_.prompt.fill(message);
  request.constraint = constraint_;
  request.stop = options_.stop;
  request.max_tokens = options_.max_tokens;
  request.temperature = static_cast<float>(options_.temperature);
  request.seed = static_cast<std::uint64_t>(options_.seed);
  request.patience = {message.deadline, message.request.cancelled};
  generator_->generate(std::move(request), [this, &message, done = std::move(done)](GenerationResult result) {
    done(take(message, std::move(result)));
  });
}

Exit GenerateNode::take(Message& message, GenerationResult result) const {
  if (const auto* failure = std::get_if<ModelFailure>(&result)) return exit_after(*failure);
  auto& generation = std::get<Generation>(result);
  message.answer.text = std::move(generation.text);
  message.answer.tier = options_.model.name;
  message.answer.evidence = std::move(generation.evidence);
  message.answer.confidence.reset();
  message.hop().prompt_tokens = static_cast<std::uint32_t>(generation.prompt_tokens);
  message.hop().generated_tokens = static_cast<std::uint32_t>(generation.generated_tokens);
  return options_.to;
}

void GenerateNode::check(const GenerateOptions& options, CheckContext& context) {
  check_format(options.schema, "schema", Language::json_schema, context);
  check_format(options.grammar, "grammar", Language::gbnf, context);
  if (options.schema && options.grammar)
    context.problem(options.grammar->place, "node `" + context.node().name +
                                                "` has both `schema` and `grammar`; expected one of them");
  const OpenAiOptions* remote = remote_options(options, context.pipeline());
  if (options.grammar && remote && remote->server != OpenAiOptions::Server::llama_server)
    context.problem(options.grammar->place, "`grammar` of node `" + context.node().name + "`: model `" +
                                                options.model.name +
                                                "` takes none; expected `schema`, or `server: llama_server` "
                                                "in the model where it is one");
}

std::vector<SignalKind> GenerateNode::gives(const GenerateOptions& options, const PipelineSpec& pipeline) {
  std::vector<SignalKind> kinds;
  const OpenAiOptions* remote = remote_options(options, pipeline);
  if (!remote || remote->logprobs)
    kinds = {SignalKind::min_token_prob, SignalKind::mean_logprob, SignalKind::quantile_logprob,
             SignalKind::first_token_margin};
  if (options.schema) kinds.push_back(SignalKind::schema_valid);
  return kinds;
}

}  // namespace slm
