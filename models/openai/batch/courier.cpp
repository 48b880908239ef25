#include "models/openai/batch/courier.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "models/model.h"
#include "models/openai/batch/batch_lines.h"

namespace slm::openai {
namespace {

constexpr auto kNever = Courier::Clock::time_point::max();

/// Reads a file a line at a time, from `offset` on, as long as `see` wants more. Throws std::system_error.
template <class See>
void each_line(const std::filesystem::path& file, std::uint64_t offset, const See& see) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw std::system_error(std::make_error_code(std::errc::io_error), file.string() + " cannot be read");
  stream.seekg(static_cast<std::streamoff>(offset));
  for (std::string line; std::getline(stream, line); offset += line.size() + 1)
    if (!line.empty() && !see(offset, line)) return;
  if (stream.bad())
    throw std::system_error(std::make_error_code(std::errc::io_error), file.string() + " cannot be read");
}

std::string count_text(std::size_t count, const char* what) {
  std::string text = std::to_string(count);
  text.append(" ").append(what);
  if (count != 1) text += 's';
  return text;
}

/// Why a batch that is over has no answer for a request.
std::string no_answer(const BatchStatus& status, const std::string& window) {
  const std::string batch = "its batch " + status.id;
  if (status.status == "failed")
    return batch + " was refused" + (status.errors.empty() ? "" : ": " + status.errors);
  if (status.status == "expired") return batch + " was not done within " + window;
  if (status.status == "cancelled") return batch + " was cancelled";
  return batch + " has no answer for it that can be read";
}

}  // namespace

Courier::Courier(const OpenAiOptions& options, const BatchOptions& batches,
                 std::function<void(const std::string&)> log, Waiting& waiting)
    : options_(options),
      batches_(batches),
      log_(std::move(log)),
      error_text_(Endpoint::parse(options.url).origin(), options.api_key),
      waiting_(waiting),
      api_(options),
      journal_(batches.journal, Endpoint::parse(options.url).origin()) {
  read_journal();
}

void Courier::read_journal() {
  const auto oldest = std::chrono::duration_cast<std::chrono::seconds>(
                          (std::chrono::system_clock::now() - batches_.keep).time_since_epoch())
                          .count();
  std::size_t answers = 0;
  for (BatchRecord& record : journal_.read()) {
    if (record.created_s < oldest) {
      journal_.forget(record);
      continue;
    }
    const auto batch = std::make_shared<SentBatch>(record);
    const auto add = [&](std::uint64_t offset, const std::string& line) {
      if (!record.is_over) {
        left_.add({batch, id_of_input_line(line), {}});
        return true;
      }
      try {
        const OutputLine output = read_output_line(line);
        if (output.is_answer) left_.add({batch, output.custom_id, offset});
        answers += output.is_answer ? 1 : 0;
      } catch (const BadReply&) {  // was told when it came
      }
      return true;
    };
    try {
      each_line(record.is_over ? journal_.output(record) : journal_.input(record), 0, add);
    } catch (const std::system_error& error) {
      throw ModelError(std::string(error.what()) + "; remove " + journal_.state(record).string() +
                       " too, and its requests are sent again");
    }
    if (record.is_over) continue;
    batch->is_doubtful = record.batch.empty();
    batch->next = kNever;
    batches_sent_.push_back(batch);
  }
  if (answers > 0 || !batches_sent_.empty())
    log_(count_text(batches_sent_.size(), "batch").append(batches_sent_.size() == 1 ? "" : "es") +
         " under way and " + count_text(answers, "answer") + " of earlier runs in " +
         batches_.journal.string());
}

Courier::Clock::time_point Courier::work() {
  if (const auto next = settle_doubt()) return *next;
  for (Arrival& arrival : std::exchange(arrivals_, {})) admit(std::move(arrival));
  if (is_complete()) close();
  auto next = gathered_.empty() ? kNever : gathered_since_ + batches_.max_wait;
  const auto now = Clock::now();
  for (const SentBatchPtr& batch : batches_sent_) {
    if (batch->next > now) {
      next = std::min(next, batch->next);
      continue;
    }
    try {
      go_on(SentBatchPtr(batch));
    } catch (const std::system_error& error) {
      try_again(*batch, {.reason = error.what()});
    }
    return now;
  }
  return next;
}

/// Asks for a batch of which it is not known whether an earlier process started it, since arrivals need to
/// know, and says when to go on. Empty: there is none.
std::optional<Courier::Clock::time_point> Courier::settle_doubt() {
  const auto doubtful = std::find_if(batches_sent_.begin(), batches_sent_.end(), [](const SentBatchPtr& b) {
    return b->is_doubtful && b->waiters.empty();
  });
  if (arrivals_.empty() || doubtful == batches_sent_.end()) return std::nullopt;
  const SentBatchPtr batch = *doubtful;
  const auto now = Clock::now();
  if (batch->next != kNever && batch->next > now) return batch->next;
  look_for(batch);
  return now;
}

void Courier::admit(Arrival arrival) {
  if (arrival.waiter->is_settled()) return;
  const std::string question = question_of(api_.endpoint(), arrival.body);
  while (const auto place = left_.take(question)) {
    if (place->offset) {
      if (answer_from(*place, arrival.waiter)) return;
      continue;
    }
    place->batch->waiters[place->custom_id] = std::move(arrival.waiter);
    place->batch->deserted.reset();
    place->batch->next = std::min(place->batch->next, Clock::now());
    return;
  }
  gather(question, std::move(arrival));
}

bool Courier::answer_from(const LeftAnswers::Place& place, const WaiterPtr& waiter) {
  bool is_answered = false;
  try {
    each_line(journal_.output(place.batch->record), *place.offset,
              [&](std::uint64_t, const std::string& line) {
                settle(waiter, read_output_line(line).result);
                is_answered = true;
                return false;
              });
  } catch (const std::exception&) {  // somebody has removed it: the request is sent again
  }
  return is_answered;
}

void Courier::gather(const std::string& question, Arrival arrival) {
  std::string id = custom_id(question, ++last_number_);
  std::string line = input_line(id, api_.endpoint(), std::exchange(arrival.body, {}));
  if (!gathered_.empty() && gathered_bytes_ + line.size() > batches_.max_bytes) close();
  if (gathered_.empty()) gathered_since_ = Clock::now();
  gathered_bytes_ += line.size();
  gathered_.push_back({std::move(id), std::move(line), std::move(arrival.waiter)});
  if (gathered_.size() >= static_cast<std::size_t>(batches_.max_items)) close();
}

bool Courier::is_complete() const {
  return !gathered_.empty() &&
         (gathered_bytes_ >= batches_.max_bytes || Clock::now() >= gathered_since_ + batches_.max_wait);
}

/// Makes a batch of what is gathered.
void Courier::close() {
  auto gathered = std::exchange(gathered_, {});
  gathered_bytes_ = 0;
  last_number_ = 0;
  std::erase_if(gathered, [](const Gathered& one) { return one.waiter->is_settled(); });
  if (gathered.empty()) return;
  std::vector<std::string> lines;
  lines.reserve(gathered.size());
  for (Gathered& one : gathered) lines.push_back(std::move(one.line));
  try {
    const auto batch = std::make_shared<SentBatch>(journal_.begin(lines));
    for (Gathered& one : gathered) batch->waiters.emplace(std::move(one.custom_id), std::move(one.waiter));
    batch->next = Clock::now();
    batches_sent_.push_back(batch);
  } catch (const std::system_error& error) {
    for (const Gathered& one : gathered) settle(one.waiter, std::string(error.what()));
  }
}

void Courier::go_on(const SentBatchPtr& batch) {
  std::erase_if(batch->waiters, [](const auto& entry) { return entry.second->is_settled(); });
  if (!batch->record.batch.empty()) return batch->waiters.empty() ? leave_or_cancel(batch) : look_at(batch);
  if (batch->is_doubtful) return look_for(batch);
  if (batch->waiters.empty()) return drop(batch);
  if (batch->record.input_file.empty()) return upload(batch);
  start(batch);
}

void Courier::upload(const SentBatchPtr& batch) {
  auto sent = api_.upload(journal_.input(batch->record));
  if (auto* trouble = std::get_if<Trouble>(&sent)) return not_sent(batch, std::move(*trouble));
  batch->record.input_file = std::get<std::string>(sent);
  try {
    journal_.save(batch->record);
  } catch (const std::system_error& error) {
    return give_up(batch, error.what());  // nothing is begun that could be forgotten
  }
  batch->tries = 0;
  batch->backoff.reset();
}

void Courier::start(const SentBatchPtr& batch) {
  const auto status = api_.start(batch->record.input_file, batches_.window, batch->record.key);
  if (const auto* trouble = std::get_if<Trouble>(&status)) {
    if (trouble->status >= 300 && trouble->status < 500) return not_sent(batch, *trouble);
    // Whether the server has begun it cannot be told from that, so it is asked.
    batch->is_doubtful = true;
    ++batch->tries;
    return try_again(*batch, *trouble);
  }
  started(batch, std::get<BatchStatus>(status).id, "sent, " + count_text(batch->waiters.size(), "request"));
}

void Courier::started(const SentBatchPtr& batch, const std::string& id, const std::string& how) {
  batch->record.batch = id;
  batch->is_doubtful = false;
  batch->next = Clock::now() + pause();
  batch->trouble.clear();
  tell(*batch, how);
  try {
    journal_.save(batch->record);
  } catch (const std::system_error& error) {  // its file's name is there, by which it can be found
    tell(*batch, error.what());
  }
}

/// The batch at the server; one without an id where there is none.
Tried<BatchStatus> Courier::found(const BatchRecord& record) {
  constexpr std::int64_t kClocksDiffer_s = 86'400;
  std::string after;
  while (true) {
    auto page = api_.list(after);
    if (auto* trouble = std::get_if<Trouble>(&page)) return std::move(*trouble);
    const auto& [batches, has_more] = std::get<BatchPage>(page);
    for (const BatchStatus& batch : batches)
      if (batch.key == record.key || batch.input_file == record.input_file) return batch;
    const bool is_before = !batches.empty() && batches.back().created_s > 0 &&
                           batches.back().created_s < record.created_s - kClocksDiffer_s;
    if (!has_more || batches.empty() || batches.back().id == after || is_before) return BatchStatus{};
    after = batches.back().id;
  }
}

void Courier::look_for(const SentBatchPtr& batch) {
  const auto status = found(batch->record);
  if (const auto* trouble = std::get_if<Trouble>(&status)) {
    if (trouble->may_pass) return try_again(*batch, *trouble);
    const std::string reason = "whether its batch was started cannot be found out: " + trouble->reason;
    if (!batch->waiters.empty()) return fail(*batch, reason);
    for (const Arrival& arrival : std::exchange(arrivals_, {}))
      settle(arrival.waiter,
             reason + "; without " + journal_.state(batch->record).string() + " it counts as not started");
    return;
  }
  const auto& there = std::get<BatchStatus>(status);
  if (!there.id.empty()) return started(batch, there.id, "found at the server");
  batch->is_doubtful = false;
  if (batch->waiters.empty()) return drop(batch);  // nobody has paid for it
  if (batch->tries > options_.retries) return give_up(batch, batch->trouble);
}

void Courier::look_at(const SentBatchPtr& batch) {
  const auto looked = api_.look(batch->record.batch);
  if (const auto* trouble = std::get_if<Trouble>(&looked)) {
    if (trouble->may_pass) return try_again(*batch, *trouble);
    return fail(*batch, trouble->reason + "; its batch " + batch->record.batch + " is known from " +
                            journal_.state(batch->record).string() +
                            ", without which the request is sent again");
  }
  const auto& status = std::get<BatchStatus>(looked);
  batch->trouble.clear();
  batch->backoff.reset();
  if (status.is_over()) return collect(batch, status);
  tell_progress(*batch, status);
  batch->next = Clock::now() + pause();
}

void Courier::collect(const SentBatchPtr& batch, const BatchStatus& status) {
  const std::pair<std::string, std::filesystem::path> files[] = {
      {status.error_file, journal_.errors(batch->record)},
      {status.output_file, journal_.output(batch->record)}};
  for (const auto& [name, target] : files) {
    if (name.empty()) continue;
    const auto done = api_.download(name, target);
    if (const auto* trouble = std::get_if<Trouble>(&done)) {
      if (trouble->may_pass) return try_again(*batch, *trouble);
      return fail(*batch, "the answers of its batch " + status.id + " cannot be had: " + trouble->reason);
    }
  }
  deliver(batch, status);
}

void Courier::deliver(const SentBatchPtr& batch, const BatchStatus& status) {
  std::size_t answers = 0, unreadable = 0;
  const auto take = [&](std::uint64_t offset, const std::string& line) {
    try {
      OutputLine output = read_output_line(line);
      answers += output.is_answer ? 1 : 0;
      if (auto waiter = batch->waiters.extract(output.custom_id))
        settle(waiter.mapped(), std::move(output.result));
      else if (output.is_answer)
        left_.answered(*batch, output.custom_id, offset);
    } catch (const BadReply&) {
      ++unreadable;
    }
    return true;
  };
  if (!status.output_file.empty()) {
    // Only once its answers are here for good does the journal say so.
    batch->record.is_over = true;
    journal_.save(batch->record);
    each_line(journal_.output(batch->record), 0, take);
  }
  if (!status.error_file.empty()) each_line(journal_.errors(batch->record), 0, take);
  tell(*batch, status.status + ", " + count_text(answers, "answer") +
                   (unreadable == 0 ? "" : ", " + count_text(unreadable, "line") + " that cannot be read"));
  fail(*batch, no_answer(status, batches_.window));
  left_.end(*batch);
  journal_.forget_input(batch->record);
  if (answers == 0) journal_.forget(batch->record);
  std::erase(batches_sent_, batch);
}

/// Of a batch that nobody waits for.
void Courier::leave_or_cancel(const SentBatchPtr& batch) {
  const auto now = Clock::now();
  if (is_leaving_ || left_.has_any_of(*batch)) {
    batch->next = kNever;
    return;
  }
  // Where the process is being given up, it ends before that.
  if (!batch->deserted) batch->deserted = now;
  batch->next = *batch->deserted + batches_.poll;
  if (now < batch->next) return;
  const auto cancelled = api_.cancel(batch->record.batch);
  const auto* trouble = std::get_if<Trouble>(&cancelled);
  if (trouble && trouble->may_pass) return try_again(*batch, *trouble);
  tell(*batch, trouble ? "cannot be cancelled, though nobody waits for it: " + error_text_.of(trouble->reason)
                       : "cancelled, since nobody waits for it any more");
  drop(batch);
}

void Courier::settle(const WaiterPtr& waiter, std::variant<Reply, std::string> result) {
  if (auto* reply = std::get_if<Reply>(&result)) return waiting_.settle(waiter, std::move(*reply));
  waiting_.settle(waiter, ModelFailure{.reason = error_text_.of(std::get<std::string>(result))});
}

/// All that wait for it; it is looked at again when another does.
void Courier::fail(SentBatch& batch, const std::string& reason) {
  for (const auto& [id, waiter] : std::exchange(batch.waiters, {})) settle(waiter, reason);
  batch.next = kNever;
}

void Courier::try_again(SentBatch& batch, const Trouble& trouble) {
  Clock::duration wait = batch.backoff.next();
  if (trouble.retry_after) wait = std::max<Clock::duration>(wait, *trouble.retry_after);
  batch.next = Clock::now() + wait;
  if (std::exchange(batch.trouble, trouble.reason) != trouble.reason)
    tell(batch, error_text_.of(trouble.reason) + "; tried again");
}

/// Of what costs nothing yet.
void Courier::not_sent(const SentBatchPtr& batch, Trouble trouble) {
  if (trouble.status == 404 || trouble.status == 405)
    trouble.reason += "; a model with `batch` needs a server that has batches";
  if (!trouble.may_pass) return give_up(batch, trouble.reason);
  if (++batch->tries > options_.retries)
    return give_up(batch, trouble.reason + " (the last of " + std::to_string(batch->tries) + " tries)");
  try_again(*batch, trouble);
}

void Courier::give_up(const SentBatchPtr& batch, const std::string& reason) {
  fail(*batch, reason);
  drop(batch);
}

void Courier::drop(const SentBatchPtr& batch) {
  journal_.forget(batch->record);
  left_.end(*batch);
  std::erase(batches_sent_, batch);
}

Courier::Clock::duration Courier::pause() {
  std::uniform_real_distribution<double> share(0.8, 1.2);
  return std::chrono::duration_cast<Clock::duration>(batches_.poll * share(random_));
}

void Courier::tell(const SentBatch& batch, const std::string& what) const {
  log_("batch " + (batch.record.batch.empty() ? batch.record.key : batch.record.batch) + ": " + what);
}

void Courier::tell_progress(SentBatch& batch, const BatchStatus& status) {
  constexpr std::chrono::minutes kBetween{1};
  const auto now = Clock::now();
  if (status.done == batch.done || now < batch.told + kBetween) return;
  batch.done = status.done;
  batch.told = now;
  tell(batch,
       status.status + ", " + std::to_string(status.done) + " of " + std::to_string(status.total) + " done");
}

}  // namespace slm::openai
