#include "runtime/cli/label_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "nodes/recorded_models.h"
#include "runtime/cli/console.h"
#include "runtime/output/output_file.h"
#include "runtime/report/numbers.h"
#include "runtime/run/runner.h"
#include "runtime/signals.h"
#include "runtime/train/labelled_lines.h"
#include "runtime/trials/labelled_data.h"
#include "runtime/trials/trials.h"
#include "runtime/tune/target.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

/// It was interrupted; what was found is dropped.
struct Interrupted {};

constexpr std::size_t kAccept = static_cast<std::size_t>(Way::accept);

void check_gates(const std::vector<TunableGate>& gates) {
  if (gates.size() != 1 || !gates.front().has_accept)
    throw UsageError(
        "expected a pipeline with one gate that accepts or escalates, between the tiers that are cheap and "
        "the "
        "top tier; this one has " +
        counted(gates.size(), "gate") + " that can");
}

std::vector<InputItem> read(const std::vector<std::filesystem::path>& files, const SourceOptions& source) {
  try {
    return read_labelled_data(files, source);
  } catch (const DataError& error) {
    throw UsageError(error.what());
  }
}

/// What the lower tiers say to a line, and how sure they are.
struct Local {
  Ending ending;
  double confidence = 0;  ///< 0 where the evidence is missing, or where the gate cannot accept at all
};

Local local_of(const Trial& trial) {
  if (trial.start.kind == Onward::Kind::ending) return {trial.endings[trial.start.index], 0};
  const Visit& visit = trial.visits[trial.start.index];
  const Onward accepted = visit.onward[kAccept];
  return {trial.endings[accepted.index],
          visit.is_allowed[kAccept] ? std::max(visit.confidence.value_or(0), 0.0) : 0};
}

/// A batch while it is worked on.
class Batch {
 public:
  Batch(TrialRunner& runner, const std::vector<InputItem>& lines) : runner_{runner}, lines_{lines} {}

  /// The top tier's answers to these lines.
  std::vector<Ending> asked(const std::vector<std::size_t>& positions) {
    std::vector<InputItem> some;
    some.reserve(positions.size());
    for (const std::size_t position : positions) some.push_back(lines_[position]);
    std::vector<Ending> endings;
    for (const Trial& trial : tried(some, Way::escalate)) endings.push_back(end_of(trial, {Bars{}}));
    return endings;
  }
  std::vector<Local> locals(const std::vector<InputItem>& lines) {
    std::vector<Local> locals;
    for (const Trial& trial : tried(lines, Way::accept)) locals.push_back(local_of(trial));
    return locals;
  }

 private:
  std::vector<Trial> tried(const std::vector<InputItem>& lines, Way only) {
    auto trials = runner_.run(lines, only);
    if (trials.size() < lines.size()) throw Interrupted{};
    return trials;
  }

  TrialRunner& runner_;
  const std::vector<InputItem>& lines_;
};

std::string line_of(const InputItem& line, const Ending& ending, double confidence, bool is_asked) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json json{{"outcome", to_string(ending.kind)},
            {"answer", ending.answer == ending.label ? Json(nullptr) : text_or_null(ending.answer)},
            {"label", text_or_null(ending.label)},
            {"confidence", confidence},
            {"tier", text_or_null(ending.tier)},
            {"asked", is_asked}};
  // The id is JSON already, and a number may have more digits than parsing it would keep.
  return "{\"id\":" + line.id_json + "," +
         json.dump(-1, ' ', false, Json::error_handler_t::replace).substr(1) + "\n";
}

}  // namespace

int label(const LabelArguments& arguments) {
  const Pipeline pipeline = Pipeline::load(arguments.pipeline);
  check_gates(tunable_gates(pipeline.spec()));
  std::vector<FileInUse> files = files_of(pipeline.spec());
  files.push_back({"the input", arguments.input});
  for (const auto& file : arguments.known) files.push_back({"what --known names", file});
  refuse_to_overwrite(files, arguments.output);
  const std::vector<InputItem> lines = read({arguments.input}, arguments.source);
  std::vector<InputItem> known;
  if (!arguments.known.empty()) known = read(arguments.known, arguments.source);
  if (count_labelled(known) < known.size())
    throw UsageError("lines of --known need what the top tier answered, as `expected` or `label`; " +
                     counted(known.size() - count_labelled(known), "line") + " have not");

  GraphOptions graph{.max_in_flight = arguments.max_in_flight};
  if (const auto recorder = open_recorder(arguments.record, files)) graph.wrap = recording(recorder);
  TrialRunner runner{pipeline, graph};
  const Signals signals{[&](int) { runner.give_up(); }};
  std::optional<Progress> progress{std::in_place, "run", [&] { return runner.progress(); },
                                   arguments.is_quiet};
  Batch batch{runner, lines};
  try {
    std::vector<Local> locals = batch.locals(lines);
    std::vector<KnownAgreement> agreements;
    for (const Local& one : batch.locals(known))
      agreements.push_back({one.confidence, one.ending.is_right.value_or(false)});
    std::vector<double> confidences;
    confidences.reserve(locals.size());
    for (const Local& one : locals) confidences.push_back(one.confidence);
    const BatchLabelling labelling{confidences, std::move(agreements), arguments.options};

    std::vector<bool> is_asked(lines.size());
    const auto take = [&](const std::vector<std::size_t>& positions) {
      const std::vector<Ending> endings = batch.asked(positions);
      std::vector<bool> agreeing;
      for (std::size_t i = 0; i < positions.size(); ++i) {
        agreeing.push_back(agrees(locals[positions[i]].ending, endings[i]));
        locals[positions[i]].ending = endings[i];
        is_asked[positions[i]] = true;
      }
      return agreeing;
    };
    take(labelling.rest(take(labelling.sample())));
    progress.reset();

    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i)
      text += line_of(lines[i], locals[i].ending, locals[i].confidence, is_asked[i]);
    write_result(text, arguments.output);
    const auto asked = static_cast<std::size_t>(std::ranges::count(is_asked, true));
    if (arguments.is_json && arguments.output != "-")
      write_result(Json{{"lines", lines.size()},
                        {"asked", asked},
                        {"sampled", labelling.sample().size()},
                        {"known", known.size()},
                        {"target", arguments.options.target},
                        {"confidence", arguments.options.confidence}}
                       .dump() +
                   "\n");
    if (!arguments.is_quiet)
      print_note(pipeline.spec().name + ": " + counted(lines.size(), "line") +
                 ", of which the top tier answered " + grouped(asked) + ", " +
                 grouped(labelling.sample().size()) + " of them drawn to find out; with confidence " +
                 brief(arguments.options.confidence) + ", " + brief(100 * arguments.options.target) +
                 " % of all answers are as it would have them");
    const bool has_failed = std::ranges::any_of(locals, [](const Local& one) {
      return one.ending.kind == OutcomeKind::failed || one.ending.kind == OutcomeKind::expired;
    });
    return has_failed ? kExitSomeFailed : kExitDone;
  } catch (const Interrupted&) {
    progress.reset();
    print_note("interrupted: nothing was written");
    return kExitInterrupted;
  }
}

}  // namespace slm::runtime
