#include <charconv>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/cli/calibrate_command.h"
#include "runtime/cli/declare.h"
#include "runtime/cli/evaluate_command.h"
#include "runtime/cli/label_command.h"
#include "runtime/cli/tune_command.h"

namespace slm::runtime {
namespace {

void add_target(CLI::App* command, std::optional<Target>& target) {
  const auto take = [&target](const std::string& text) {
    try {
      target = Target::parse(text);
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(std::string{"--target: "} + error.what());
    }
  };
  command
      ->add_option_function<std::string>("--target", take,
                                         "what to reach: accuracy=0.95, relative=0.95 (of what the top tier "
                                         "reaches), agreement=0.95 (with the top tier; needs no labels), "
                                         "precision:LABEL=0.95 or recall:LABEL=0.95")
      ->type_name("TARGET");
}

void add_budget(CLI::App* command, std::optional<Budget>& budget) {
  const auto take = [&budget](const std::string& text) {
    budget = parse_budget(text);
    if (!budget)
      throw CLI::ValidationError(
          "--budget: expected cost, calls, tokens, energy (joules) or time (seconds), and how much a "
          "request may take on average, such as calls=1.3; found `" +
          text + "`");
  };
  command
      ->add_option_function<std::string>(
          "--budget", take,
          "the best within so much a request, such as calls=1.3, instead of the "
          "cheapest that reaches the target")
      ->type_name("SPEND=N");
}

void declare_evaluate(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(
      app, chosen, "evaluate", "Measure a pipeline on labelled lines, or compare it with another", &evaluate);
  auto& options = arguments->options;
  add_file(command, "subject", arguments->subject,
           "the pipeline; or what `run --output` has written, named .jsonl, to judge without running")
      ->required();
  add_file(command, "-d,--data", arguments->data,
           "JSON lines or CSV of requests with what is right: `expected`, `label` or `expected_outcome`")
      ->required();
  add_file(command, "--against", arguments->against,
           "compare with this pipeline, or these outcomes, on the same lines");
  auto* by = command->add_option("--by", options.judging.member,
                                 "judge by this member of answers that are JSON; dots lead into objects");
  by->type_name("FIELD");
  using Match = Judging::Match;
  add_choice<Match>(command, "--match", options.judging.match,
                    {{"exact", Match::exact}, {"json", Match::json}, {"label", Match::label}},
                    "judge texts to the last byte, answers as JSON, or labels; by default what a line says")
      ->excludes(by);
  add_confidence(command, options.confidence, "of the intervals and tests; 0.95 by default");
  add_number<std::uint64_t>(command, "--seed", options.seed, 0, std::numeric_limits<std::uint64_t>::max(),
                            "of what the intervals draw");
  add_file(command, "-o,--output", arguments->output,
           "write the pipeline's outcomes here, as `run` does, each with `right`");
  add_file(command, "--report", arguments->report, "write a report with charts here, an HTML file");
  add_file(command, "--record", arguments->record,
           "add what the models answer to this recording, for replay");
  add_format(command, arguments->source.format);
  command
      ->add_option("--text-field,--text-column", arguments->source.text_field,
                   "JSON member or CSV column of the text")
      ->type_name("NAME");
  add_number<std::size_t>(command, "--in-flight", arguments->max_in_flight, 1, 1 << 20,
                          "most requests on their way at once; 1 measures the latency of each alone");
  add_duration(command, "--timeout", arguments->timeout,
               "for requests that bring no timeout_ms; the pipeline's own by default");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no report");
  command->footer(
      "Examples:\n"
      "  slm-graph evaluate assistant.yaml --data dev.jsonl\n"
      "  slm-graph evaluate assistant.yaml --data dev.jsonl --by intent --json\n"
      "  slm-graph evaluate tuned.yaml --data dev.jsonl --against assistant.yaml\n"
      "  slm-graph evaluate answers.jsonl --data dev.jsonl --against answers.old.jsonl\n\n"
      "Exit codes: 0 measured; 1 some lines failed or expired, or a result could not be written; 2 usage,\n"
      "pipeline or data error, nothing started; 3 interrupted, the report is of what was done.");
}

/// How lines are read and tried.
template <class Arguments>
void add_trial_options(CLI::App* command, Arguments& arguments) {
  command->add_option("--text-field", arguments.source.text_field, "JSON member or CSV column of the text")
      ->type_name("NAME");
  add_number<std::size_t>(command, "--in-flight", arguments.max_in_flight, 1, 1 << 20,
                          "most requests on their way at once");
}

void declare_tune(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] =
      declare(app, chosen, "tune", "Choose the bars of a pipeline's gates by labelled lines", &tune);
  auto& options = arguments->options;
  add_file(command, "pipeline", arguments->pipeline, "the pipeline")->required();
  add_file(command, "-d,--data", arguments->data,
           "JSON lines or CSV of requests with what is right: `expected`, `label` or `expected_outcome`")
      ->required();
  add_target(command, arguments->target);
  add_budget(command, options.budget);
  add_confidence(command, options.confidence,
                 "with which the target is to hold for requests of the same kind that nobody has seen, such "
                 "as 0.95");
  const auto spend = [arguments = arguments](const std::string& text) {
    const auto named = std::ranges::find(kSpends, text, &decltype(kSpends)::value_type::first);
    if (named == kSpends.end())
      throw CLI::ValidationError("--minimise: `" + text +
                                 "` is not among cost, calls, tokens, energy and time");
    arguments->spend = named->second;
  };
  command
      ->add_option_function<std::string>(
          "--minimise", spend, "what is to be little; cost by default where models have prices, else calls")
      ->type_name("{cost,calls,tokens,energy,time}");
  add_number(command, "--search-share", options.search_share, 0.05, 0.9,
             "share of the lines that bars are searched with; the others certify", "SHARE");
  add_number<std::uint64_t>(command, "--seed", options.seed, 0, std::numeric_limits<std::uint64_t>::max(),
                            "of which lines are which");
  add_file(command, "--record", arguments->record,
           "add what the models answer to this recording, for replay and for the next tuning");
  add_file(command, "-o,--output", arguments->output, "write the tuned pipeline here, not over the pipeline");
  add_file(command, "--report", arguments->report,
           "write a report with charts here, an HTML file; also where the target is not reached");
  command->add_flag("--dry-run", arguments->is_dry, "write no pipeline");
  add_trial_options(command, *arguments);
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no report");
  command->footer(
      "Every model is asked once for each line. Only bars and one comment change in the file.\n\n"
      "Examples:\n"
      "  slm-graph tune assistant.yaml --data dev.jsonl --target accuracy=0.85\n"
      "  slm-graph tune assistant.yaml --data dev.jsonl --target relative=0.98 --confidence 0.95\n"
      "  slm-graph tune assistant.yaml --data dev.jsonl --budget calls=2.2 --dry-run\n\n"
      "Exit codes: 0 tuned; 1 no bars do what was asked, and the file is as it was; 2 usage, pipeline or "
      "data\n"
      "error; 3 interrupted, nothing is written.");
}

void declare_label(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(
      app, chosen, "label", "Answer a whole file, asking the top tier as little as a promise allows", &label);
  auto& options = arguments->options;
  add_file(command, "pipeline", arguments->pipeline, "a pipeline with one gate before its top tier")
      ->required();
  add_file(command, "-i,--input", arguments->input, "requests: JSON lines, CSV or text")->required();
  add_file(command, "-o,--output", arguments->output, "answers, a JSON line each; - is standard output")
      ->required();
  add_number(command, "--target", options.target, 0.01, 0.999,
             "share of all answers that are to be as the top tier would have them; 0.9 by default", "SHARE");
  add_number(command, "--confidence", options.confidence, 0.5, 0.9999,
             "with which they are to be; 0.95 by default", "P");
  add_file(
      command, "--known", arguments->known,
      "requests of the same kind that the top tier has answered, with that as `expected` or `label`, and "
      "that no model was trained on: they certify for nothing");
  add_file(command, "--record", arguments->record,
           "add what the models answer to this recording, for replay");
  add_number<std::uint64_t>(command, "--seed", options.seed, 0, std::numeric_limits<std::uint64_t>::max(),
                            "of the lines that are drawn");
  add_trial_options(command, *arguments);
  command->add_flag("--json", arguments->is_json, "print the summary as one JSON object to standard output");
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no summary");
  command->footer(
      "The lower tiers answer every line. Some lines are drawn for the top tier to answer too; by what comes "
      "of\n"
      "them the surest answers are kept, and all other lines go to the top tier. Calibrate the gate first: "
      "how\n"
      "many calls are saved depends on it; the promise does not. The bar of the gate plays no part.\n\n"
      "Example:\n"
      "  slm-graph label emotions.yaml --input messages.jsonl --output labelled.jsonl --target 0.95\n\n"
      "Exit codes: 0; 1 some failed or expired; 2 usage, pipeline or data error; 3 interrupted, nothing is\n"
      "written.");
}

void declare_calibrate(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] = declare(
      app, chosen, "calibrate", "Fit the calibrations of a pipeline's gates to labelled lines", &calibrate);
  auto& options = arguments->options;
  add_file(command, "pipeline", arguments->pipeline, "the pipeline")->required();
  add_file(command, "-d,--data", arguments->data,
           "JSON lines or CSV of requests with what is right: `expected`, `label` or `expected_outcome`")
      ->required();
  command->add_option("--gate", arguments->gates, "calibrate this gate, and not all; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME");
  add_choice<std::optional<CalibrationMethod>>(command, "--method", options.method,
                                               {{"temperature", CalibrationMethod::temperature},
                                                {"platt", CalibrationMethod::platt},
                                                {"isotonic", CalibrationMethod::isotonic},
                                                {"logistic", CalibrationMethod::logistic}},
                                               "the method; by default what cross-validation finds best");
  add_number<std::size_t>(command, "--folds", options.folds, 2, 100, "of the cross-validation");
  add_number<std::uint64_t>(command, "--seed", options.seed, 0, std::numeric_limits<std::uint64_t>::max(),
                            "of which lines are in which fold");
  add_file(command, "--report", arguments->report, "write a report with charts here, an HTML file");
  command->add_flag("--dry-run", arguments->is_dry, "write no calibration and no pipeline");
  add_trial_options(command, *arguments);
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no report");
  command->footer(
      "Every model is asked once for each line. A calibration is written where its gate says, or beside the\n"
      "pipeline as GATE.calibration.yaml, which the gate is then made to read.\n\n"
      "Examples:\n"
      "  slm-graph calibrate assistant.yaml --data dev.jsonl\n"
      "  slm-graph calibrate assistant.yaml --data dev.jsonl --gate draft_gate --method isotonic "
      "--dry-run\n\n"
      "Exit codes: 0 calibrated; 1 a gate cannot be calibrated, and nothing is written; 2 usage, pipeline "
      "or\n"
      "data error; 3 interrupted, nothing is written.");
}

}  // namespace

void declare_gate_commands(CLI::App& app, Chosen& chosen) {
  declare_calibrate(app, chosen);
  declare_evaluate(app, chosen);
  declare_tune(app, chosen);
  declare_label(app, chosen);
}

}  // namespace slm::runtime
