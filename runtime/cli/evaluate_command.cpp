#include "runtime/cli/evaluate_command.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "nodes/recorded_models.h"
#include "runtime/cli/console.h"
#include "runtime/evaluate/evaluation_html.h"
#include "runtime/evaluate/evaluation_report.h"
#include "runtime/evaluate/labelled_run.h"
#include "runtime/output/outcome_json.h"
#include "runtime/output/output_file.h"
#include "runtime/report/html/report_file.h"
#include "runtime/report/subject.h"
#include "runtime/run/runner.h"
#include "runtime/signals.h"
#include "runtime/trials/labelled_data.h"

namespace slm::runtime {
namespace {

/// What is measured: a pipeline, or what an earlier run has written.
struct Subject {
  std::filesystem::path file;
  std::optional<Pipeline> pipeline;
  std::vector<WrittenOutcome> outcomes;

  explicit Subject(std::filesystem::path named) : file{std::move(named)} {
    if (format_of(file) == InputFormat::jsonl)
      outcomes = read_outcomes(file);
    else
      pipeline = Pipeline::load(file);
  }
  std::string name() const { return pipeline ? pipeline->spec().name : file.filename().string(); }
};

std::vector<FileInUse> files_read(const EvaluateArguments& arguments, const std::vector<Subject>& subjects) {
  std::vector<FileInUse> files;
  for (const auto& file : arguments.data) files.push_back({"what --data names", file});
  for (const Subject& subject : subjects) {
    const auto named = subject.pipeline ? files_of(subject.pipeline->spec())
                                        : std::vector<FileInUse>{{"an earlier run", subject.file}};
    files.insert(files.end(), named.begin(), named.end());
  }
  return files;
}

std::string what_is_missing(const Judging& judging) {
  if (!judging.member.empty())
    return "no line has `expected` with a member `" + judging.member + "`, or `expected_outcome`";
  switch (judging.match) {
    case Judging::Match::label:
      return "no line says what is right: expected `label` or `expected_outcome`";
    case Judging::Match::automatic:
      return "no line says what is right: expected `expected`, `label` or `expected_outcome`";
    default:
      return "no line says what is right: expected `expected` or `expected_outcome`";
  }
}

/// Runs subjects one after the other, and heeds signals: the first lets what is in flight finish, the second
/// leaves it.
class SubjectRunner {
 public:
  SubjectRunner(const EvaluateArguments& arguments, const std::vector<InputItem>& lines,
                const std::shared_ptr<replay::Recorder>& recorder)
      : arguments_{arguments}, lines_{lines} {
    graph_.max_in_flight = arguments.max_in_flight;
    graph_.timeout = arguments.timeout;
    if (recorder) graph_.wrap = recording(recorder);
  }

  /// Empty for lines that were not done.
  std::vector<std::optional<Outcome>> run(const Pipeline& pipeline) {
    if (signals_.count() > 0) return std::vector<std::optional<Outcome>>(lines_.size());
    LabelledRun run{pipeline, graph_};
    Progress progress{"line", [&] { return run.progress(); }, arguments_.is_quiet};
    Running running{run, progress};
    reach(&running);
    if (signals_.count() > 0) run.stop();  // it came while the models were opened
    auto outcomes = run.run(lines_);
    reach(nullptr);
    return outcomes;
  }

  /// Signals have their usual meaning again.
  void finish() { signals_.stop(); }

 private:
  struct Running {
    LabelledRun& run;
    Progress& progress;
  };

  void reach(Running* running) {
    const std::lock_guard lock{mutex_};
    running_ = running;
    has_run_ = true;
  }

  void on_signal(int count) {
    const std::lock_guard lock{mutex_};
    if (!has_run_) {
      print_note("interrupted before the first line");
      std::_Exit(kExitInterrupted);
    }
    if (running_ == nullptr) return;
    if (count == 1) {
      running_->run.stop();
      running_->progress.note("interrupted: finishing what is in flight; interrupt again to give it up");
    } else {
      running_->run.give_up();
      running_->progress.note("interrupted again: giving up what is in flight");
    }
  }

  const EvaluateArguments& arguments_;
  const std::vector<InputItem>& lines_;
  GraphOptions graph_;
  std::mutex mutex_;
  Running* running_ = nullptr;
  bool has_run_ = false;
  Signals signals_{[this](int count) { on_signal(count); }};
};

/// A subject with what became of every line.
struct Judged {
  JudgedLines lines;
  Evaluated evaluated;
  std::string output;  ///< outcomes as `run` writes them, and whether they are right
  bool is_whole = true;
  bool has_failed = false;  ///< whether a line failed or expired that was run here
};

Judged judged_run(const Subject& subject, const EvaluateArguments& arguments,
                  const std::vector<InputItem>& lines, SubjectRunner& runner) {
  Judged judged{.lines = JudgedLines(lines.size())};
  const auto outcomes = runner.run(*subject.pipeline);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!outcomes[i]) {
      judged.is_whole = false;
      continue;
    }
    judged.lines[i] = slm::runtime::judged(lines[i].expectation, *outcomes[i], arguments.options.judging,
                                           &subject.pipeline->spec());
    const OutcomeKind kind = outcomes[i]->kind;
    judged.has_failed |= kind == OutcomeKind::failed || kind == OutcomeKind::expired;
    if (!arguments.output.empty())
      judged.output += outcome_json(lines[i].id_json, *outcomes[i], judged.lines[i]->is_right) + '\n';
  }
  return judged;
}

Judged judge(const Subject& subject, const EvaluateArguments& arguments, const std::vector<InputItem>& lines,
             SubjectRunner& runner) {
  Judged judged;
  if (subject.pipeline) {
    judged = judged_run(subject, arguments, lines, runner);
  } else {
    auto matches = matched(lines, subject.outcomes, arguments.options.judging);
    judged.lines = std::move(matches.lines);
    judged.evaluated.repeated = matches.repeated;
    judged.evaluated.unknown = matches.unknown;
  }
  judged.evaluated.missing =
      static_cast<std::size_t>(std::ranges::count_if(judged.lines, [](const auto& line) { return !line; }));
  return judged;
}

/// Two versions of a pipeline often have one name.
void name_apart(std::vector<Judged>& judged, const std::vector<Subject>& subjects) {
  const auto name = [&](const auto& name_of) {
    for (std::size_t i = 0; i < judged.size(); ++i) judged[i].evaluated.name = name_of(subjects[i]);
    return judged.front().evaluated.name != judged.back().evaluated.name || judged.size() == 1;
  };
  if (name([](const Subject& of) { return of.name(); })) return;
  if (name([](const Subject& of) { return of.file.filename().string(); })) return;
  name([](const Subject& of) { return of.file.string(); });
}

void check_usage(const EvaluateArguments& arguments, const std::vector<Subject>& subjects) {
  if (arguments.is_json && arguments.output == "-")
    throw UsageError(
        "--json prints the report to standard output; name a file for the outcomes with --output");
  if (!arguments.output.empty() && !subjects.front().pipeline)
    throw UsageError("--output is for the outcomes of a pipeline, and " + subjects.front().file.string() +
                     " holds some already");
  const bool runs_any =
      std::ranges::any_of(subjects, [](const Subject& of) { return of.pipeline.has_value(); });
  if (!arguments.record.empty() && !runs_any)
    throw UsageError("--record is for the calls of a pipeline's models, and no pipeline is run");
}

std::vector<InputItem> judgeable_lines(const EvaluateArguments& arguments) {
  auto lines = read_labelled_data(arguments.data, arguments.source);
  const Judging& judging = arguments.options.judging;
  if (std::ranges::all_of(
          lines, [&](const InputItem& line) { return judged_part(line.expectation, judging).empty(); }))
    throw UsageError(what_is_missing(judging));
  return lines;
}

}  // namespace

int evaluate(const EvaluateArguments& arguments) {
  std::vector<Subject> subjects;
  subjects.emplace_back(arguments.subject);
  if (!arguments.against.empty()) subjects.emplace_back(arguments.against);
  check_usage(arguments, subjects);
  const std::vector<InputItem> lines = judgeable_lines(arguments);
  const auto files = files_read(arguments, subjects);
  if (!arguments.output.empty()) refuse_to_overwrite(files, arguments.output);
  if (!arguments.report.empty()) check_report_file(files, arguments.report);
  const auto recorder = open_recorder(arguments.record, files);
  if (!arguments.output.empty()) {
    if (recorder) refuse_to_overwrite({{"the recording", arguments.record}}, arguments.output);
    write_result("", arguments.output);  // finds out whether it can be
  }

  SubjectRunner runner{arguments, lines, recorder};
  std::vector<Judged> judged;
  judged.reserve(subjects.size());
  for (const Subject& subject : subjects) judged.push_back(judge(subject, arguments, lines, runner));
  runner.finish();

  EvaluationReport report{.data = data_text(lines.size(), arguments.data), .options = arguments.options};
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    report.is_interrupted |= !judged[i].is_whole;
    const auto models =
        subjects[i].pipeline ? model_names(subjects[i].pipeline->spec()) : std::vector<std::string>{};
    judged[i].evaluated.evaluation = evaluate(judged[i].lines, models, arguments.options);
  }
  name_apart(judged, subjects);
  report.first = judged.front().evaluated;
  if (subjects.size() > 1) {
    report.second = judged.back().evaluated;
    report.comparison = compare(judged.front().lines, judged.back().lines, arguments.options);
  }
  if (!arguments.output.empty()) write_result(judged.front().output, arguments.output);
  if (arguments.is_json) write_result(to_json(report) + "\n");
  if (!arguments.is_quiet) print_note(to_text(report));
  if (!arguments.report.empty()) write_report(html_report(report), arguments.report);
  const auto recorded = recorder ? recorder->result() : replay::Recorder::Result{};
  if (!recorded.error.empty()) {
    print_error("cannot write the recording: " + recorded.error);
    return kExitSomeFailed;
  }
  if (report.is_interrupted) return kExitInterrupted;
  return std::ranges::any_of(judged, &Judged::has_failed) ? kExitSomeFailed : kExitDone;
}

}  // namespace slm::runtime
