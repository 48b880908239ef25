#include "runtime/cli/declared_commands.h"

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/cli/console.h"
#include "runtime/cli/declare.h"
#include "runtime/cli/keygen_command.h"
#include "runtime/cli/merge_command.h"
#include "runtime/cli/pipeline_commands.h"
#include "runtime/cli/plan_command.h"
#include "runtime/cli/run_command.h"
#include "runtime/cli/spool_command.h"
#include "runtime/cli/train_command.h"

namespace slm::runtime {
namespace {

void add_shard(CLI::App* command, Shard& shard) {
  const auto take = [&shard](const std::string& text) {
    const auto found = Shard::parse(text);
    if (!found)
      throw CLI::ValidationError("--shard: expected I/N with I from 0 to N-1, such as 0/8 to 7/8, found `" +
                                 text + "`");
    shard = *found;
  };
  command
      ->add_option_function<std::string>(
          "--shard", take,
          "do only the requests of this one of N equal parts, counted from 0, such as 0/8; `merge` puts "
          "their outcomes together")
      ->type_name("I/N");
}

void add_text_field(CLI::App* command, std::string& name) {
  command
      ->add_option("--text-field,--text-column", name,
                   "member of the JSON lines, or column of the CSV, that is the request's text")
      ->type_name("NAME");
}

void declare_run(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(app, chosen, "run", "Run requests through a pipeline", &run);
  auto& options = arguments->options;
  add_file(command, "pipeline", options.pipeline, "the pipeline")->required();
  add_file(
      command, "-i,--input", options.inputs,
      "requests: a file or quoted pattern, also compressed by gzip or zstd; may come several times; - is "
      "standard input, the default")
      ->allow_extra_args(false);  // else the pipeline after it would be taken for another
  add_file(command, "-o,--output", options.output,
           "outcomes, a JSON line each; - is standard output, the default");
  add_choice<OutputFormat>(
      command, "--output-format", options.output_format,
      {{"auto", OutputFormat::automatic}, {"jsonl", OutputFormat::jsonl}, {"sqlite", OutputFormat::sqlite}},
      "auto, the default: a table of an SQLite database for .db, .sqlite and .sqlite3, else JSON lines");
  add_format(command, options.source.format);
  add_text_field(command, options.source.text_field);
  add_number<std::size_t>(command, "--in-flight", options.max_in_flight, 1, 1 << 20,
                          "most requests on their way at once");
  add_bytes(command, "--model-memory", options.model_memory,
            "memory that models may take together, e.g. 4GiB: those with `load: on_demand` take turns");
  add_duration(command, "--timeout", options.timeout,
               "for requests that bring no timeout_ms, e.g. 500ms, 2s, 1min; the pipeline's own by default");
  add_choice<Priority>(command, "--priority", options.source.priority,
                       {{"interactive", Priority::interactive}, {"batch", Priority::batch}},
                       "of requests that bring none: batch work gives way to interactive, the default");
  command->add_option("--process", options.process, "run only this process of the pipeline")
      ->type_name("NAME");
  command->add_flag("--worker", options.is_worker, "be one of the `workers` of that process");
  command->add_option("--listen", options.listen, "address where it is called, instead of the pipeline's")
      ->type_name("ADDRESS");
  add_addresses(command, "--connect", options.connect,
                "where it finds another process, instead of the pipeline's");
  add_file(command, "--checkpoint", options.checkpoint,
           "note here how far the run is: after it was interrupted or killed, the same command goes on");
  add_file(command, "--spool", options.spool,
           "folder where messages to other processes and held ones wait on disk");
  command->add_flag("!--no-spool", options.is_durable,
                    "keep messages to other processes and held ones in memory only");
  const auto take_budgets = [&options](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const auto budget = parse_budget(text);
      if (!budget)
        throw CLI::ValidationError(
            "--budget: expected cost, calls, tokens, energy (joules) or time (seconds), and how much of it "
            "the run may "
            "take, such as cost=2.5; found `" +
            text + "`");
      options.budgets.push_back(*budget);
    }
  };
  command
      ->add_option_function<std::vector<std::string>>(
          "--budget", take_budgets,
          "end the run before it has spent more than this in all, such as cost=2.5; may come several times")
      ->type_name("SPEND=N")
      ->allow_extra_args(false);
  command->add_flag("--resume", options.is_resuming, "go on with the output of an interrupted run");
  add_file(command, "--failed", options.failed,
           "write the lines that failed or expired here, with their reasons, as input for another run");
  add_file(command, "--record", options.record, "add what the models answer to this recording, for replay");
  add_shard(command, options.source.shard);
  command->add_flag("--ordered", options.is_ordered, "write outcomes in the order of the requests");
  command->add_flag("--json", arguments->is_json, "print the summary as one JSON object to standard output");
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no summary");
  command->footer(
      "Examples:\n"
      "  slm-graph run assistant.yaml --input requests.jsonl --output answers.jsonl\n"
      "  echo '{\"text\": \"play some jazz\"}' | slm-graph run assistant.yaml\n"
      "  slm-graph run assistant.yaml --input 'logs/*.jsonl.gz' --input more.jsonl --output answers.jsonl\n"
      "  slm-graph run assistant.yaml --input all.jsonl --output answers.jsonl --failed failed.jsonl\n"
      "  slm-graph run assistant.yaml --input all.jsonl --output answers.db --checkpoint all.checkpoint\n"
      "  slm-graph run assistant.yaml --input all.jsonl --shard 0/8 --output answers-0.jsonl\n"
      "  slm-graph run assistant.yaml --input tickets.csv --text-field body --output answers.jsonl "
      "--json\n\n"
      "SIGUSR1 prints how far it is.\n"
      "Exit codes: 0 all answered, rejected or abstained; 1 some expired or failed, or the output could not "
      "be\n"
      "written; 2 usage or pipeline error, nothing started; 3 interrupted, what was read is written.");
}

void declare_merge(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(
      app, chosen, "merge", "Put the outcomes of shards together, and prove that none is missing", &merge);
  auto& options = arguments->options;
  add_file(command, "parts", options.parts, "what the shards have written, in any order")->required();
  add_file(command, "-i,--input", options.inputs, "requests, named as they were for `run`")
      ->required()
      ->allow_extra_args(false);  // else the parts after it would be taken for others
  add_file(command, "-o,--output", options.output,
           "all outcomes, in the order of the requests; written only where they are whole")
      ->required();
  add_format(command, options.source.format);
  add_text_field(command, options.source.text_field);
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet,
                    "show no progress, and what was found only if it is bad");
  command->footer(
      "Example:\n"
      "  slm-graph run assistant.yaml --input all.jsonl --shard 0/2 --output answers-0.jsonl\n"
      "  slm-graph run assistant.yaml --input all.jsonl --shard 1/2 --output answers-1.jsonl\n"
      "  slm-graph merge --input all.jsonl --output answers.jsonl answers-?.jsonl\n\n"
      "Every request must have one outcome, and every outcome its request. Where some are missing, it tells\n"
      "which shards to run again.\n\n"
      "Exit codes: 0 whole and written; 1 not whole, or the output could not be written; 2 usage error, or "
      "parts\n"
      "that are no outcomes; 3 interrupted. The output is as it was, except with 0.");
}

void declare_plan(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] =
      declare(app, chosen, "plan", "Tell what a run will take, before it, by a sample of its input", &plan);
  add_file(command, "pipeline", arguments->pipeline, "the pipeline")->required();
  add_file(command, "-i,--input", arguments->inputs, "requests, as for `run`")
      ->required()
      ->allow_extra_args(false);  // else the pipeline after it would be taken for another
  add_format(command, arguments->source.format);
  add_text_field(command, arguments->source.text_field);
  add_number<std::size_t>(command, "--sample", arguments->sample, 2, 1'000'000,
                          "so many lines, drawn from all of the input, are run; 200 by default");
  command->add_flag("--ask-remote", arguments->options.asks_remote,
                    "run the sample through models on servers too, which may cost");
  add_confidence(command, arguments->options.confidence, "of the intervals; 0.95 by default");
  add_number<std::uint64_t>(command, "--seed", arguments->options.seed, 0,
                            std::numeric_limits<std::uint64_t>::max(), "of what is drawn");
  add_number<std::size_t>(command, "--in-flight", arguments->max_in_flight, 1, 1 << 20,
                          "most requests on their way at once");
  add_duration(command, "--timeout", arguments->timeout,
               "for requests that bring no timeout_ms; the pipeline's own by default");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress");
  command->footer(
      "Example:\n"
      "  slm-graph plan assistant.yaml --input 'logs/*.jsonl.gz'\n\n"
      "Models of this machine are run on the sample; to servers nothing is sent, unless --ask-remote is "
      "given.\n"
      "Exit codes: 0 planned; 2 usage or pipeline error; 3 interrupted.");
}

void declare_pipeline_commands(CLI::App& app, Chosen& chosen) {
  const auto validating =
      declare(app, chosen, "validate", "Check pipelines and print every problem", &validate);
  add_file(validating.command, "pipelines", validating.arguments->pipelines, "the pipelines")->required();
  validating.command->add_flag("--json", validating.arguments->is_json, kJsonDoc);
  validating.command->footer(
      "Example:\n  slm-graph validate pipelines/*/*.yaml\n\nExit codes: 0 all valid, 2 not.");

  const auto explaining =
      declare(app, chosen, "explain", "Tell what a pipeline would run, and where", &explain);
  add_file(explaining.command, "pipeline", explaining.arguments->pipeline, "the pipeline")->required();
  explaining.command->add_flag("--json", explaining.arguments->is_json, kJsonDoc);
  explaining.command->footer("Example:\n  slm-graph explain assistant.yaml");

  const auto drawing = declare(app, chosen, "draw", "Draw a pipeline as Mermaid, DOT or SVG", &draw);
  add_file(drawing.command, "pipeline", drawing.arguments->pipeline, "the pipeline")->required();
  add_choice<DrawFormat>(
      drawing.command, "-f,--format", drawing.arguments->format,
      {{"mermaid", DrawFormat::mermaid}, {"dot", DrawFormat::dot}, {"svg", DrawFormat::svg}},
      "mermaid by default");
  add_file(drawing.command, "-o,--output", drawing.arguments->output, "- is standard output, the default");
  drawing.command->footer(
      "Examples:\n  slm-graph draw assistant.yaml --format svg --output assistant.svg\n"
      "  slm-graph draw assistant.yaml --format dot | dot -Tpng -o assistant.png");

  auto* schema_command = app.add_subcommand("schema", "Print the JSON Schema of the pipeline format");
  schema_command->callback([&chosen] { chosen = schema; });
  schema_command->footer(
      "Example, for completion in editors:\n  slm-graph schema > pipeline.schema.json\n"
      "and in the pipeline's first line: # yaml-language-server: $schema=pipeline.schema.json");
}

void declare_train(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(app, chosen, "train", "Train a nano model from labelled lines", &train);
  auto& options = arguments->options;
  add_file(command, "data", arguments->data, "JSON lines (.jsonl) or CSV (.csv) with text and label")
      ->required();
  add_file(command, "-o,--output", arguments->output, "the model file")->required();
  add_file(command, "--valid", arguments->validation,
           "lines to measure the model on; a share of the data is held out by default");
  add_number(command, "--held-out", options.held_out, 0.0, 0.9, "that share, without --valid", "SHARE");
  command->add_option("--text-field", arguments->text_field, "JSON member or CSV column of the text")
      ->type_name("NAME");
  command->add_option("--label-field", arguments->label_field, "JSON member or CSV column of the label")
      ->type_name("NAME");
  add_choice<ngram::WeightType>(command, "--weights", options.weights,
                                {{"int8", ngram::WeightType::int8}, {"float32", ngram::WeightType::float32}},
                                "int8, the default, is a quarter of the size and about as accurate");
  command->add_flag_callback(
      "--int8", [&options] { options.weights = ngram::WeightType::int8; }, "--weights int8");
  add_number(command, "--epochs", options.max_epochs, 1U, 100'000U, "most passes over the data");
  add_number(command, "--seed", options.seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
             "same data, options and seed: the same file");
  add_number(command, "--word-ngrams", options.word_ngrams, 1U, 2U, "1: single words, 2: pairs of words too");
  add_number(command, "--min-count", options.min_count, 1U, std::numeric_limits<std::uint32_t>::max(),
             "drop features in fewer lines than this");
  add_number(command, "--max-features", options.max_features, 1U, 1U << 30,
             "keep only this many; bounds the file");
  add_number(command, "--learning-rate", options.learning_rate, 0.001F, 1000.0F, "of the gradient descent",
             "RATE");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no report");
  command->footer(
      "Examples:\n"
      "  slm-graph train requests.jsonl --output nano.slm\n"
      "  slm-graph train a.jsonl b.csv --valid held_out.jsonl --label-field intent --output nano.slm "
      "--json\n\n"
      "Exit codes: 0 trained; 2 broken lines or options, or no place for the model; 3 interrupted, nothing "
      "is\nwritten.");
}

void declare_keygen(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(app, chosen, "keygen", "Make the keys of a process", &keygen);
  command->add_option("name", arguments->name, "of the files: NAME.key and NAME.pub")->type_name("NAME");
  command->add_option("-o,--output", arguments->folder, "folder to write them to; this one by default")
      ->type_name("DIR");
  add_file(command, "--public", arguments->public_of, "print the public key of this secret one instead");
  command->add_flag("--force", arguments->is_forced, "overwrite files that are there");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->footer(
      "Example, for a process that listens and one that connects:\n"
      "  slm-graph keygen cloud --output keys\n"
      "  slm-graph keygen edge --output keys\n"
      "  mkdir keys/edges && cp keys/edge.pub keys/edges/\n"
      "and in the pipeline:\n"
      "  processes:\n"
      "    edge:  { secret_key: keys/edge.key }\n"
      "    cloud: { listen: \"tcp://*:5555\", connect: \"tcp://cloud.example:5555\",\n"
      "             secret_key: keys/cloud.key, public_key: keys/cloud.pub, authorized_clients: keys/edges/ "
      "}\n\n"
      "NAME.key is written for its owner alone (0600) and belongs on the machine of its process; the others\n"
      "need only the .pub files. NAME up to its first dot is what a server calls the client.\n\n"
      "Exit codes: 0; 2 where a file is there already, or is no key.");
}

void declare_spool(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] =
      declare(app, chosen, "spool", "Tell what disk queues hold, and repair them", &spool);
  add_file(command, "files", arguments->files, "spools; a process may be using them")->required();
  command->add_flag("--list{10}", arguments->listed, "show the first entries too; --list=50 for 50 of them");
  command->add_flag("--repair", arguments->is_repair,
                    "check all of it, and salvage what can be read where it is damaged; the damaged file is "
                    "kept beside it");
  command
      ->add_option("--drop", arguments->dropped, "remove this entry, by its id; may be given several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("ID");
  command->add_flag("--drop-all", arguments->is_drop_all, "remove all entries")->excludes("--drop");
  command->add_flag("--yes", arguments->is_sure, "really drop");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->footer(
      "Examples:\n"
      "  slm-graph spool edge.spool --list\n"
      "  slm-graph spool edge.spool --repair\n"
      "  slm-graph spool edge.spool --drop 1785322222123-17 --yes\n\n"
      "What changes a spool needs its process to be stopped.\n"
      "Exit codes: 0; 2 where a file cannot be used, or is damaged.");
}

void declare_completion(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("completion", "Print the completion script of a shell");
  auto shell = std::make_shared<std::string>();
  add_choice<std::string>(command, "shell", *shell, {{"bash", "bash"}, {"zsh", "zsh"}, {"fish", "fish"}},
                          "the shell");
  command->get_option("shell")->required();
  command->callback([&app, &chosen, shell] {
    chosen = [&app, shell] {
      write_result(completion_script(app, *shell));
      return kExitDone;
    };
  });
  command->footer(
      "Examples:\n  source <(slm-graph completion bash)\n  source <(slm-graph completion zsh)\n"
      "  slm-graph completion fish > ~/.config/fish/completions/slm-graph.fish");
}

}  // namespace

void declare_commands(CLI::App& app, Chosen& chosen) {
  declare_run(app, chosen);
  declare_merge(app, chosen);
  declare_plan(app, chosen);
  declare_pipeline_commands(app, chosen);
  declare_train(app, chosen);
  declare_gate_commands(app, chosen);
  declare_model_commands(app, chosen);
  declare_keygen(app, chosen);
  declare_spool(app, chosen);
  declare_completion(app, chosen);
}

}  // namespace slm::runtime
