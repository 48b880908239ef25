#include "runtime/run/runner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "models/model_store.h"
#include "nodes/aggregate/stores.h"
#include "nodes/classify.h"
#include "nodes/generate.h"
#include "nodes/link/resume.h"
#include "nodes/openai_batch.h"
#include "nodes/recorded_models.h"
#include "runtime/input/request_json.h"
#include "runtime/run/identity.h"
#include "runtime/run/package_energy.h"

namespace slm::runtime {
namespace {

std::vector<FileInUse> files_read(const PipelineSpec& spec,
                                  const std::vector<std::filesystem::path>& inputs) {
  auto files = files_of(spec);
  for (const auto& file : inputs) files.push_back({"the input", file});
  return files;
}

SourceOptions source_options(const RunOptions& options) {
  auto source = options.source;
  source.keeps_lines = !options.failed.empty();
  return source;
}

/// Owned by the callback, which the graph calls once; a plain pointer, since std::function wants to be copied
/// and keeps two pointers without allocating.
Engine::Callback putting(ResultPtr result, OutcomeWriter& writer) {
  return [result = result.release(), &writer](Outcome outcome) {
    result->outcome = std::move(outcome);
    writer.put(ResultPtr{result});
  };
}

bool has_failed(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::failed || outcome.kind == OutcomeKind::expired;
}

/// Whether messages may wait without a place among those in flight, so that more are read meanwhile.
bool parks_messages(const PipelineSpec& spec) {
  const auto retries = [](const NodeSpec& node) { return classify_retries(node) || generate_retries(node); };
  return aggregate::holds_messages(spec) || has_batches(spec) || std::ranges::any_of(spec.nodes, retries);
}

}  // namespace

std::filesystem::path default_spool(const PipelineSpec& spec, const std::string& process) {
  const char* state = std::getenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe)
  const char* home = std::getenv("HOME");             // NOLINT(concurrency-mt-unsafe)
  std::filesystem::path folder = std::filesystem::temp_directory_path();
  if (home != nullptr && *home != '\0') folder = std::filesystem::path{home} / ".local" / "state";
  if (state != nullptr && *state != '\0') folder = state;
  return folder / "slm-graph" / spec.name / process;
}

link::ProcessOptions process_options(const RunOptions& options, const PipelineSpec& spec,
                                     std::function<void(std::string)> log) {
  link::ProcessOptions process;
  process.name = options.process;
  process.is_worker = options.is_worker;
  process.listen = options.listen;
  process.connect = options.connect;
  const auto own = std::ranges::find(spec.processes, options.process, &ProcessSpec::name);
  if (options.is_durable && own != spec.processes.end() && own->is_durable) {
    process.spool = own->spool ? own->spool->path : default_spool(spec, options.process);
    if (!options.spool.empty()) process.spool = options.spool;
  }
  process.graph = {.max_in_flight = options.max_in_flight, .timeout = options.timeout, .log = log};
  process.log = std::move(log);
  return process;
}

std::shared_ptr<replay::Recorder> open_recorder(const std::filesystem::path& file,
                                                const std::vector<FileInUse>& files) {
  if (file.empty()) return nullptr;
  if (file == "-") throw OutputError("a recording needs a file, since it is looked up later");
  refuse_to_overwrite(files, file, "the recording");
  try {
    return replay::Recorder::open(file);
  } catch (const ModelError& error) {
    throw OutputError(error.what());
  }
}

Runner::Runner(RunOptions options, std::function<void(std::string)> log)
    : options_{std::move(options)},
      pipeline_{Pipeline::load(options_.pipeline)},
      input_{options_.inputs, source_options(options_), stop_.descriptor()},
      summary_{pipeline_.spec()} {
  auto files = files_read(pipeline_.spec(), input_.files());
  refuse_to_overwrite(files, options_.output);
  std::unique_ptr<Checkpoint> checkpoint;
  if (!options_.checkpoint.empty()) {
    refuse_to_overwrite(files, options_.checkpoint, "the checkpoint");
    for (const auto& file : {options_.output, options_.failed, options_.record})
      if (!file.empty() && std::filesystem::absolute(file) == std::filesystem::absolute(options_.checkpoint))
        throw OutputError("the output " + file.string() + " is the checkpoint");
    checkpoint = std::make_unique<Checkpoint>(options_.checkpoint,
                                              identity_of(options_, pipeline_.spec(), input_.files()));
  }
  ModelStore::instance().set_memory(options_.model_memory);
  const auto start = Clock::now();
  auto process = process_options(options_, pipeline_.spec(), log);
  process.graph.log = [this, log = std::move(log)](const std::string& line) {
    note(line);
    log(line);
  };
  open_stores(process.graph.log);
  process.graph.stores.insert(stores_.begin(), stores_.end());
  process.graph.input_ended = input_ended_.get_token();
  process.graph.leaving = leaving_.get_token();
  recorder_ = open_recorder(options_.record, files);
  if (recorder_) {
    refuse_to_overwrite({{"the recording", options_.record}}, options_.output);
    process.graph.wrap = recording(recorder_);
  }
  if (options_.process.empty()) {
    whole_ = std::make_unique<Graph>(pipeline_, process.graph);
    graph_ = whole_.get();
  } else {
    process.before_forgetting = [this] { return sync_output(); };
    process_ = std::make_unique<link::Process>(pipeline_, std::move(process));
    graph_ = &process_->graph();
  }
  load_time_ = Clock::now() - start;
  if (options_.is_resuming) earlier_ = EarlierOutcomes{options_.output, !options_.failed.empty()};
  if (recorder_) files.push_back({"the recording", options_.record});
  if (options_.failed == "-") throw OutputError("the lines that failed need a file, as the output has one");
  if (!options_.failed.empty()) {
    constexpr const char* kCalled = "the file for lines that failed";
    refuse_to_overwrite(files, options_.failed, kCalled);
    failed_ = std::make_unique<FailedLines>(options_.failed);
    refuse_to_overwrite({{kCalled, options_.failed}}, options_.output);
  }
  open_output_and_resume(std::move(checkpoint));
}

void Runner::open_output_and_resume(std::unique_ptr<Checkpoint> checkpoint) {
  output_ = open_output(options_.output, options_.output_format);
  if (checkpoint) {
    CheckpointedSink::Beside beside{.failed_end = [this] { return failed_ ? failed_->end() : 0; },
                                    .sync_failed = [this] { return !failed_ || failed_->sync(); },
                                    .summary =
                                        [this] {
                                          const std::lock_guard lock{summary_mutex_};
                                          return summary_.saved();
                                        }};
    auto checkpointed =
        std::make_unique<CheckpointedSink>(std::move(output_), std::move(checkpoint), std::move(beside));
    checkpointed_ = checkpointed.get();
    output_ = std::move(checkpointed);
    if (const auto& step = checkpointed_->resumed()) {
      input_.skip_to(step->from);
      summary_.restore(step->summary);
      resumed_ = summary_.total();
    }
  } else if (options_.output != "-") {
    output_->cut(options_.is_resuming ? std::filesystem::file_size(options_.output) : 0);
  }
  const auto step = checkpointed_ ? checkpointed_->resumed() : std::nullopt;
  if (failed_) failed_->cut(step ? step->failed_end : 0);
  synced_ = output_.get();
}

void Runner::open_stores(const std::function<void(const std::string&)>& log) {
  const PipelineSpec& spec = pipeline_.spec();
  const ProcessSpec* own = spec.process(options_.process);
  if (!options_.is_durable || (own != nullptr && !own->is_durable)) return;
  aggregate::StoreOptions stores;
  stores.process = options_.process;
  stores.is_override = !options_.spool.empty();
  stores.folder = own != nullptr && own->spool ? own->spool->path : default_spool(spec, options_.process);
  if (stores.is_override) stores.folder = options_.spool;
  stores.before_forgetting = [this] { return sync_output(); };
  stores.log = log;
  stores_ = aggregate::open_stores(pipeline_, stores);
}

bool Runner::sync_output() const {
  OutcomeSink* output = synced_;
  return output == nullptr || output->sync();
}

void Runner::note(const std::string& line) {
  constexpr std::size_t kMost = 1000;
  const std::lock_guard lock{notes_mutex_};
  if (notes_.size() < kMost) notes_.push_back(line);
}

void Runner::stop_reading() {
  stop_.set();
  leaving_.request_stop();
}

void Runner::give_up() {
  stop_reading();
  given_up_.request_stop();  // reaches models at work, as the graph's own cancelling does not
  graph_->cancel();
}

ProgressState Runner::progress() const {
  ProgressState state{.done = resumed_ + done_, .total = resumed_ + taken_};
  {
    const std::lock_guard lock{summary_mutex_};
    state.details = standing(summary_);
  }
  if (is_all_read_) return state;
  state.is_total_estimated = true;
  const auto read = input_.bytes_read();
  const double grown = read > 0 ? static_cast<double>(input_.size_bytes()) / static_cast<double>(read) : 0;
  state.total = static_cast<std::uint64_t>(std::llround(static_cast<double>(state.total) * grown));
  return state;
}

void Runner::take(InputItem item, OutcomeWriter& writer) {
  auto result = std::make_unique<Result>();
  result->sequence = taken_++;
  if (!item.problem.empty()) {
    result->outcome.id = item.request.id;
    result->outcome.reason = input_.last_place() + ": " + item.problem;
    result->item = std::move(item);
    return writer.put(std::move(result));
  }
  auto request = std::move(item.request);
  request.cancelled = given_up_.get_token();
  result->item = std::move(item);
  const InputItem& taken = result->item;
  const bool may_be_left = process_ || !stores_.empty();
  request.tag =
      checkpointed_ && may_be_left ? checkpointed_->tag_of(taken.number, taken.id_json) : taken.id_json;
  graph_->submit(std::move(request), putting(std::move(result), writer));
}

/// What an earlier run had sent or held, and not seen the end of. With `--ordered` it is done again in its
/// turn instead.
void Runner::resume_left(OutcomeWriter& writer) {
  const auto wanted = [&](Message& message) {
    const auto tag = checkpointed_ ? checkpointed_->read_tag(message.request.tag) : std::nullopt;
    bool is_done = options_.is_resuming && (options_.is_ordered || earlier_.contains(message.request.tag));
    if (tag) is_done = options_.is_ordered || !checkpointed_->take(tag->number);
    if (!is_done) {
      earlier_.add(message.request.tag);
      writer.reserve();
      message.request.cancelled = given_up_.get_token();
    }
    return !is_done;
  };
  const auto callback = [&](const Message& message) -> Engine::Callback {
    auto result = std::make_unique<Result>();
    result->sequence = taken_++;
    result->item.id_json = message.request.tag.empty() ? "null" : message.request.tag;
    if (const auto tag = checkpointed_ ? checkpointed_->read_tag(message.request.tag) : std::nullopt) {
      result->item.number = tag->number;
      result->item.id_json = tag->id_json;
    }
    if (failed_) result->item.written = request_json(message.request, {}, options_.source.text_field);
    return putting(std::move(result), writer);
  };
  if (process_) process_->resume(wanted, callback);
  for (const auto& [node, store] : stores_) link::resume(*store, *graph_, wanted, callback);
}

void Runner::read_all(OutcomeWriter& writer, RunReport& report) {
  try {
    while (!stop_.is_set()) {
      auto item = input_.next();
      if (!item) break;
      if (options_.is_resuming && earlier_.take(item->id_json)) {
        const auto reason = failed_ ? earlier_.take_failure(item->id_json) : std::nullopt;
        if (reason) failed_->add(item->id_json, item->written, *reason);
        continue;
      }
      if (checkpointed_ && !checkpointed_->begin(input_.last_position())) continue;
      if (budget_ && !budget_->admit([this] { return stop_.is_set(); })) break;
      writer.reserve();
      take(*std::move(item), writer);
    }
  } catch (const InputError& error) {
    report.input_error = error.what();
  }
  report.input = input_.last_file();
  report.last_line = input_.last_line();
  is_all_read_ = true;
  input_ended_.request_stop();
}

void Runner::count(const Result& result) {
  const auto add = result.item.problem.empty() ? &Summary::add : &Summary::add_unread;
  {
    const std::lock_guard lock{summary_mutex_};
    (summary_.*add)(result.outcome, result.item.expectation);
    if (budget_) budget_->ended(summary_);
  }
  if (failed_ && has_failed(result.outcome))
    failed_->add(result.item.id_json, result.item.written, result.outcome.reason);
  ++done_;
}

RunReport Runner::run() {
  RunReport report{pipeline_.spec()};
  report.load_time = load_time_;
  const auto start = Clock::now();
  PackageEnergy machine{options_.powercap.empty() ? PackageEnergy::kLinux : options_.powercap};
  if (!options_.budgets.empty()) budget_.emplace(options_.budgets, summary_);
  report.is_resumable = checkpointed_ != nullptr;
  report.resumed = resumed_;
  const auto is_wanted = [&](const Result& result) {
    if (result.outcome.is_put_off) ++report.put_off;
    // What was given up is done by the run that goes on.
    const bool is_given_up = checkpointed_ && given_up_.stop_requested() && has_failed(result.outcome);
    return !is_given_up && !result.outcome.is_put_off;
  };
  const std::size_t held = parks_messages(pipeline_.spec()) ? kMaxParked : 0;
  OutcomeWriter writer{*output_,
                       {.is_ordered = options_.is_ordered,
                        .window = options_.max_in_flight + 4096 + held,
                        .is_wanted = is_wanted,
                        .on_result = [&](const Result& result) { count(result); },
                        .on_failure = [this] { give_up(); }}};
  resume_left(writer);
  read_all(writer, report);
  graph_->drain();
  writer.finish();
  if (checkpointed_) checkpointed_->finish();
  report.run_time = Clock::now() - start;
  report.machine_energy_j = machine.joules();
  report.summary = summary_;
  if (budget_) report.budget_reached = budget_->reached();
  report.written = writer.written();
  report.output_error = output_->error();
  if (recorder_) report.recorded = recorder_->result();
  if (failed_) report.failed_lines = {failed_->count(), failed_->error()};
  const std::lock_guard lock{notes_mutex_};
  report.notes = notes_;
  return report;
}

}  // namespace slm::runtime
