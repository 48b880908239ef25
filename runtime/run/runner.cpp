#include "runtime/run/runner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace slm::runtime {
namespace {

std::vector<FileInUse> files_read(const PipelineSpec& spec, const RunOptions& options) {
  auto files = files_of(spec);
  files.push_back({"the input", options.input});
  return files;
}

Descriptor open_output(const std::filesystem::path& file, bool is_resuming) {
  if (file == "-") return Descriptor::lent(STDOUT_FILENO);
  const int how = is_resuming ? O_APPEND : O_TRUNC;
  auto output = Descriptor::owned(::open(file.c_str(), O_WRONLY | O_CREAT | how | O_CLOEXEC, 0666));
  if (output.get() < 0) throw OutputError("cannot write " + file.string() + ": " + std::strerror(errno));
  return output;
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
  process.log = std::move(log);
  process.graph = {.max_in_flight = options.max_in_flight, .timeout = options.timeout};
  return process;
}

Runner::Runner(RunOptions options, std::function<void(std::string)> log)
    : options_{std::move(options)},
      pipeline_{Pipeline::load(options_.pipeline)},
      bytes_{options_.input, stop_.descriptor()} {
  refuse_to_overwrite(files_read(pipeline_.spec(), options_), options_.output);
  source_ = make_source(bytes_, options_.input, options_.source);
  const auto start = Clock::now();
  auto process = process_options(options_, pipeline_.spec(), std::move(log));
  if (options_.process.empty()) {
    whole_ = std::make_unique<Graph>(pipeline_, process.graph);
    graph_ = whole_.get();
  } else {
    process.before_forgetting = [this] { return sync_output(); };
    process_ = std::make_unique<link::Process>(pipeline_, std::move(process));
    graph_ = &process_->graph();
  }
  load_time_ = Clock::now() - start;
  if (options_.is_resuming) earlier_ = EarlierOutcomes{options_.output};
  output_ = open_output(options_.output, options_.is_resuming);
  struct stat status {};
  if (::fstat(output_.get(), &status) == 0 && S_ISREG(status.st_mode)) synced_ = output_.get();
}

bool Runner::sync_output() const {
  return synced_ < 0 || ::fdatasync(synced_) == 0;
}

void Runner::stop_reading() {
  stop_.set();
}

void Runner::give_up() {
  stop_reading();
  given_up_.request_stop();  // reaches models at work, as the graph's own cancelling does not
  graph_->cancel();
}

ProgressState Runner::progress() const {
  ProgressState state{.done = done_, .total = taken_};
  if (is_all_read_) return state;
  state.is_total_estimated = true;
  const auto read = bytes_.bytes_read();
  const double grown = read > 0 ? static_cast<double>(bytes_.size_bytes()) / static_cast<double>(read) : 0;
  state.total = static_cast<std::uint64_t>(std::llround(static_cast<double>(state.total) * grown));
  return state;
}

void Runner::take(InputItem item, OutcomeWriter& writer) {
  // Shared only because std::function wants to be copied.
  auto result = std::make_shared<Result>();
  result->sequence = taken_++;
  if (!item.problem.empty()) {
    result->outcome.id = item.request.id;
    result->outcome.reason = "line " + std::to_string(item.line) + ": " + item.problem;
    result->item = std::move(item);
    return writer.put(std::move(*result));
  }
  auto request = std::move(item.request);
  request.cancelled = given_up_.get_token();
  result->item = std::move(item);
  request.tag = result->item.id_json;
  graph_->submit(std::move(request), [result, &writer](Outcome outcome) {
    result->outcome = std::move(outcome);
    writer.put(std::move(*result));
  });
}

/// What an earlier run had sent, and not seen the end of. With `--ordered` it is done again in its turn
/// instead.
void Runner::resume_left(OutcomeWriter& writer) {
  if (!process_ || process_->left() == 0) return;
  process_->resume(
      [&](const Message& message) {
        const bool is_done =
            options_.is_resuming && (options_.is_ordered || earlier_.contains(message.request.tag));
        if (!is_done) {
          earlier_.add(message.request.tag);
          writer.reserve();
        }
        return !is_done;
      },
      [&](const Message& message) -> Engine::Callback {
        auto result = std::make_shared<Result>();
        result->sequence = taken_++;
        result->item.id_json = message.request.tag.empty() ? "null" : message.request.tag;
        return [result, &writer](Outcome outcome) {
          result->outcome = std::move(outcome);
          writer.put(std::move(*result));
        };
      });
}

void Runner::read_all(OutcomeWriter& writer, RunReport& report) {
  try {
    while (!stop_.is_set()) {
      auto item = source_->next();
      if (!item) break;
      report.last_line = item->line;
      if (options_.is_resuming && earlier_.take(item->id_json)) continue;
      writer.reserve();
      take(*std::move(item), writer);
    }
  } catch (const InputError& error) {
    report.input_error = error.what();
  }
  is_all_read_ = true;
}

RunReport Runner::run() {
  RunReport report{pipeline_.spec()};
  report.load_time = load_time_;
  report.input = options_.input == "-" ? "standard input" : options_.input.string();
  const auto start = Clock::now();
  OutcomeWriter writer{std::move(output_),
                       {.is_ordered = options_.is_ordered,
                        .window = options_.max_in_flight + 4096,
                        .on_result =
                            [&](const Result& result) {
                              const bool was_read = result.item.problem.empty();
                              const auto add = was_read ? &Summary::add : &Summary::add_unread;
                              (report.summary.*add)(result.outcome, result.item.expectation);
                              ++done_;
                            },
                        .on_failure = [this] { give_up(); }}};
  resume_left(writer);
  read_all(writer, report);
  graph_->drain();
  writer.finish();
  report.run_time = Clock::now() - start;
  report.written = writer.written();
  report.output_error = writer.error();
  return report;
}

}  // namespace slm::runtime
