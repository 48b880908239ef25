#include "nodes/aggregate.h"

#include <pthread.h>

#include <algorithm>

#include "graph/pipeline.h"
#include "graph/placement.h"

namespace slm {
namespace {

using aggregate::Hold;
using std::chrono::seconds;

aggregate::HoldOptions hold_options(const AggregateOptions& options) {
  aggregate::HoldOptions hold;
  if (options.max_items) hold.max_items = static_cast<std::size_t>(*options.max_items);
  if (options.max_bytes) hold.max_bytes = options.max_bytes->bytes;
  hold.max_wait = options.max_wait;
  hold.rate = options.rate;
  if (options.urgent == Urgent::release) hold.urgent_before = options.urgent_before;
  return hold;
}

std::uint64_t size_of(const Message& message) {
  std::uint64_t bytes = message.request.text.size() + message.answer.text.size();
  for (const auto& [name, value] : message.request.fields) bytes += name.size() + value.size();
  return bytes;
}

/// Its number in the pipeline; zero outside of one.
std::size_t number_of(const NodeContext& context) {
  const PipelineSpec* pipeline = context.pipeline();
  const NodeSpec* node = pipeline == nullptr ? nullptr : pipeline->node(context.node_name());
  return node == nullptr ? 0 : static_cast<std::size_t>(node - pipeline->nodes.data());
}

}  // namespace

Fields<AggregateOptions> AggregateOptions::fields() {
  return Fields<AggregateOptions>{}
      .optional("max_items", &AggregateOptions::max_items, "so many messages are a batch",
                {.low = 1, .high = kMaxParked})
      .optional("max_bytes", &AggregateOptions::max_bytes, "messages with so many bytes of text are a batch")
      .optional("max_wait", &AggregateOptions::max_wait,
                "what is held is a batch once a message has waited so long")
      .optional("windows", &AggregateOptions::windows, "when batches go on; left out, at any time")
      .optional("rate", &AggregateOptions::rate, "how many messages go on at most; left out, any number")
      .optional(
          "urgent", &AggregateOptions::urgent,
          "whether a message goes before its deadline, batch and window or not (release), or is held and "
          "expires")
      .optional("urgent_before", &AggregateOptions::urgent_before, "how long before its deadline it goes")
      .optional("durable", &AggregateOptions::is_durable, "whether messages are kept on disk too")
      .optional("spool", &AggregateOptions::spool, "folder for that; left out, that of the process")
      .optional("to", &AggregateOptions::to, "next node; left out, the message is answered");
}

AggregateNode::AggregateNode(const AggregateOptions& options, const NodeContext& context,
                             const aggregate::Surroundings& surroundings,
                             std::function<link::SpoolTime()> time)
    : name_{context.node_name()},
      to_{options.to},
      node_{number_of(context)},
      is_trial_{context.is_trial()},
      urgent_before_{options.urgent_before},
      surroundings_{surroundings},
      time_{std::move(time)},
      store_{std::dynamic_pointer_cast<link::Custody>(context.store())},
      input_ended_{context.input_ended()},
      leaving_{context.leaving()},
      windows_{options.windows, surroundings},
      hold_{hold_options(options)},
      on_input_ended_{input_ended_, [this] { look(); }},
      on_leaving_{leaving_, [this] { look(); }},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

AggregateNode::~AggregateNode() {
  thread_.request_stop();
  look();
}

void AggregateNode::look() {
  const std::lock_guard lock{mutex_};
  has_news_ = true;
  news_.notify_one();
}

void AggregateNode::process(Message& message, Done done) {
  if (is_trial_) return done(to_);
  if (!store_ || store_->has(message)) return hold(message, std::move(done), std::nullopt);
  store_->keep(message, node_,
               [this, &message, done = std::move(done)](std::optional<std::string> problem) mutable {
                 hold(message, std::move(done), std::move(problem));
               });
}

/// `problem`: why it could not be stored.
void AggregateNode::hold(Message& message, Done done, std::optional<std::string> problem) {
  const link::SpoolTime now = time_();
  Hold::Item item{.since = now.steady, .deadline = message.deadline, .bytes = size_of(message)};
  if (store_) {
    if (const auto earlier = store_->take_earlier(message)) {
      item.since -= std::max(now.wall - earlier->stored, std::chrono::system_clock::duration::zero());
      item.was_let_go = earlier->has_gone_on;
    }
  }
  park(message);
  const std::lock_guard lock{mutex_};
  if (problem.value_or("") != disk_problem_) {
    disk_problem_ = problem.value_or("");
    surroundings_.log(
        name_ + (problem ? ": what it holds is in memory alone, since its disk does not take it: " + *problem
                         : ": its disk takes again what it holds"));
  }
  item.key = ++last_key_;
  hold_.add(item);
  held_.emplace(item.key, Held{&message, std::move(done)});
  has_news_ = true;
  news_.notify_one();
}

void AggregateNode::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "slm-aggregate");
  while (!stop.stop_requested()) {
    const link::SpoolTime now = time_();
    const bool is_open = windows_.are_open(now.wall);  // without the lock, since it may read files
    std::unique_lock lock{mutex_};
    auto leaving = take_leaving(now, is_open);
    if (leaving.empty()) {
      const auto is_wanted = [&] { return has_news_ || stop.stop_requested(); };
      if (held_.empty())
        news_.wait(lock, is_wanted);
      else
        news_.wait_for(lock, pause(now.steady, is_open), is_wanted);
      has_news_ = false;
    }
    lock.unlock();
    for (auto& [held, exit] : leaving) held.done(std::move(exit));
  }
}

std::vector<AggregateNode::Leaving> AggregateNode::take_leaving(const link::SpoolTime& now, bool is_open) {
  std::vector<Leaving> leaving;
  const auto take = [&](Hold::Key key, Exit exit) {
    leaving.push_back({std::move(held_.extract(key).mapped()), std::move(exit)});
    return leaving.back().held.message;
  };
  if (input_ended_.stop_requested()) hold_.no_more();
  if (leaving_.stop_requested() || now.steady - looked_ >= seconds{1}) {
    looked_ = now.steady;
    take_unwanted(leaving);
    if (!is_open) tell_what_it_waits_for(now.wall);
  }
  const auto [released, expired] = hold_.leave(now.steady, is_open);
  for (const auto key : expired) take(key, Exit::expire("its deadline came while it was held"));
  for (const auto key : released) {
    Message* message = take(key, to_);
    // What goes early for its deadline's sake is in a hurry; the rest could wait so long.
    if (message->deadline - now.steady > urgent_before_) message->request.priority = Priority::batch;
    if (store_) store_->gone_on(*message);
  }
  return leaving;
}

/// Those whose caller wants them no more, and, where the process is to end, those that are safe on disk.
void AggregateNode::take_unwanted(std::vector<Leaving>& leaving) {
  for (auto next = held_.begin(); next != held_.end();) {
    const auto here = next++;
    Message& message = *here->second.message;
    const bool is_put_off = leaving_.stop_requested() && store_ && store_->has(message);
    if (!is_put_off && !message.request.cancelled.stop_requested()) continue;
    if (is_put_off) {
      message.is_put_off = true;
      for (const auto& receipt : message.receipts) receipt->keep();
    }
    hold_.remove(here->first);
    leaving.push_back(
        {std::move(here->second), Exit::expire(is_put_off ? "held for a later run" : "cancelled")});
    held_.erase(here);
  }
}

/// Once the input has ended, and what came from it is here: a run that seems to hang says why.
void AggregateNode::tell_what_it_waits_for(std::chrono::system_clock::time_point now) {
  const bool is_settled = std::exchange(held_then_, held_.size()) == held_.size();
  if (!input_ended_.stop_requested() || held_.empty() || !is_settled) return;
  const auto opening = windows_.opening(now);
  if (std::exchange(told_, opening) == opening) return;
  surroundings_.log(name_ + ": holds " + std::to_string(held_.size()) +
                    (held_.size() == 1 ? " message until " : " messages until ") + opening);
}

/// How long it may sleep: the wall clock can be set, conditions change and callers cancel without a word, so
/// not long.
std::chrono::nanoseconds AggregateNode::pause(Clock::time_point now, bool is_open) const {
  const auto next = hold_.next(now, is_open);
  return std::min<std::chrono::nanoseconds>(next - std::min(now, next), seconds{1});
}

void AggregateNode::check(const AggregateOptions& options, CheckContext& context) {
  const NodeSpec& node = context.node();
  const PipelineSpec& pipeline = context.pipeline();
  const std::string aggregate = "aggregate `" + node.name + "`: ";
  const auto problem = [&](const std::string& what, std::optional<Place> place = {}) {
    context.problem(place.value_or(node.place), aggregate + what);
  };
  if ((options.max_items || options.max_bytes) && !options.max_wait)
    problem(
        "`max_items` and `max_bytes` alone could hold the last messages for ever; expected `max_wait` too");
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  for (std::size_t i = 0; i < options.windows.size(); ++i)
    for (const auto& [what, place] : aggregate::problems_of(options.windows[i], now))
      problem("window " + std::to_string(i + 1) + ": " + what, place);
  if (node.process != entry_process(pipeline))
    problem("it lives in process `" + node.process +
            "`, to which others give only so many messages at once as its "
            "`window` says; expected it in that of the entry, `" +
            entry_process(pipeline) + "`");
  if (is_in_fork(pipeline, static_cast<std::size_t>(&node - pipeline.nodes.data())))
    problem(
        "messages come to it as branches of a fork, with which nobody could go on after a restart; expected "
        "it "
        "before the fork or behind its join");
}

}  // namespace slm
