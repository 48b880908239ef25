#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "models/openai/batch/batch_api.h"
#include "models/openai/batch/batch_journal.h"
#include "models/openai/batch/left_answers.h"
#include "models/openai/batch/options.h"
#include "models/openai/batch/sent_batch.h"
#include "models/openai/batch/waiting.h"
#include "models/openai/error_text.h"

namespace slm::openai {

/// A call on its way into a batch; its body is not held by its waiter.
struct Arrival {
  std::string body;
  WaiterPtr waiter;
};

/// Gathers calls into batches, takes these to the server and brings back the answers.
///
/// Nothing is paid for twice: the journal knows of each batch before it is started, and a batch of which it
/// is not known whether it was is looked for at the server. Before that is settled, no call goes into a new
/// one. One thread, in which SIGPIPE is blocked, but for the functions that say otherwise.
class Courier {
 public:
  using Clock = std::chrono::steady_clock;

  /// Reads what an earlier process has left, and connects to nothing yet. Throws `ModelError`, and
  /// `std::invalid_argument` where the address is none.
  Courier(const OpenAiOptions& options, const BatchOptions& batches,
          std::function<void(const std::string&)> log, Waiting& waiting);

  void take(Arrival arrival) { arrivals_.push_back(std::move(arrival)); }
  /// Does one thing that is due, which may take as long as the server does, and says when there is more to
  /// do; sooner where calls arrive.
  Clock::time_point work();

  /// Closes the connection under `work`; any thread.
  void abort() { api_.abort(); }
  /// Batches that nobody waits for any more are left to a later process, not cancelled; any thread.
  void leave() { is_leaving_ = true; }

 private:
  struct Gathered {
    std::string custom_id;
    std::string line;
    WaiterPtr waiter;
  };

  void read_journal();
  std::optional<Clock::time_point> settle_doubt();
  void admit(Arrival arrival);
  bool answer_from(const LeftAnswers::Place& place, const WaiterPtr& waiter);
  void gather(const std::string& question, Arrival arrival);
  bool is_complete() const;
  void close();

  // One step of one batch each
  void go_on(const SentBatchPtr& batch);
  void upload(const SentBatchPtr& batch);
  void start(const SentBatchPtr& batch);
  void look_for(const SentBatchPtr& batch);
  void started(const SentBatchPtr& batch, const std::string& id, const std::string& how);
  void look_at(const SentBatchPtr& batch);
  void collect(const SentBatchPtr& batch, const BatchStatus& status);
  void deliver(const SentBatchPtr& batch, const BatchStatus& status);
  void leave_or_cancel(const SentBatchPtr& batch);

  Tried<BatchStatus> found(const BatchRecord& record);
  void settle(const WaiterPtr& waiter, std::variant<Reply, std::string> result);
  void fail(SentBatch& batch, const std::string& reason);
  void try_again(SentBatch& batch, const Trouble& trouble);
  void not_sent(const SentBatchPtr& batch, Trouble trouble);
  void give_up(const SentBatchPtr& batch, const std::string& reason);
  void drop(const SentBatchPtr& batch);
  Clock::duration pause();
  void tell(const SentBatch& batch, const std::string& what) const;
  void tell_progress(SentBatch& batch, const BatchStatus& status);

  const OpenAiOptions options_;
  const BatchOptions batches_;
  const std::function<void(const std::string&)> log_;
  const ErrorText error_text_;
  Waiting& waiting_;
  BatchApi api_;
  BatchJournal journal_;
  LeftAnswers left_;
  std::mt19937_64 random_{std::random_device{}()};
  std::atomic<bool> is_leaving_ = false;

  std::vector<Arrival> arrivals_;
  std::vector<Gathered> gathered_;  // of the next batch
  std::uint64_t gathered_bytes_ = 0;
  std::size_t last_number_ = 0;  // in the next batch
  Clock::time_point gathered_since_;
  std::vector<SentBatchPtr> batches_sent_;
};

}  // namespace slm::openai
