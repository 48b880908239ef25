#include "graph/engine/router.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "graph/engine/visit.h"

namespace slm::engine {
namespace {

/// A chain of more nodes than this continues as a new task, so that no pipeline is too long for the stack.
constexpr int kMaxHopsOnStack = 64;

/// Room for hops that is made at once.
constexpr std::size_t kUsualHops = 16;

/// Longer timeouts never end, and their deadlines would overflow the clock.
constexpr std::chrono::hours kForever{24 * 365 * 100};

Clock::time_point deadline_of(Clock::time_point submitted, std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout || *timeout >= kForever) return Clock::time_point::max();
  return submitted + std::max(*timeout, std::chrono::milliseconds{0});
}

std::shared_ptr<const std::vector<std::string>> names_of(const Plan& plan) {
  auto names = std::make_shared<std::vector<std::string>>();
  names->reserve(plan.nodes.size());
  for (const auto& node : plan.nodes) names->push_back(node.name);
  return names;
}

std::vector<Flow::Kind> kinds_of(const Plan& plan) {
  std::vector<Flow::Kind> kinds;
  kinds.reserve(plan.nodes.size());
  for (const auto& planned : plan.nodes) {
    const bool waits = std::holds_alternative<std::unique_ptr<AsyncNode>>(planned.node);
    kinds.push_back(waits ? Flow::Kind::asynchronous : Flow::Kind::synchronous);
  }
  return kinds;
}

std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (const std::string& error) {
    return error;
  } catch (const char* error) {
    return error;
  } catch (...) {
    return "threw something that is no std::exception";
  }
}

/// What `work` returns, or what it throws as a failure.
template <typename Work>
Exit attempt(const Work& work) noexcept {
  try {
    return work();
  } catch (...) {
    return Exit::fail(what_of(std::current_exception()));
  }
}

bool is_by_design(OutcomeKind kind) {
  return kind == OutcomeKind::answered || kind == OutcomeKind::rejected;
}

}  // namespace

Router::Router(Plan plan, const EngineOptions& options, Ledger& ledger, Slots& slots)
    : plan_{std::move(plan)},
      names_{names_of(plan_)},
      time_{options.time},
      timeout_{options.timeout},
      ledger_{ledger},
      slots_{slots},
      flow_{kinds_of(plan_), options.threads, *this} {}

void Router::submit(SubmissionPtr submission) {
  flow_.admit(std::move(submission));
}

void Router::admit(SubmissionPtr submission) noexcept {
  auto parcel = std::make_unique<Parcel>(std::move(*submission));
  submission.reset();
  auto& message = parcel->message;
  const auto timeout = message.request.timeout ? message.request.timeout : timeout_;
  message.deadline = deadline_of(message.submitted, timeout);
  message.trace.reserve(std::min(plan_.nodes.size(), kUsualHops));
  send(std::move(parcel), plan_.entry);
}

void Router::arrive(ParcelPtr parcel) noexcept {
  if (!parcel->moment) parcel->moment = now();
  auto& node = plan_.nodes[parcel->node].node;
  std::visit([&](auto& pointer) { process(*pointer, std::move(parcel)); }, node);
}

void Router::process(Node& node, ParcelPtr parcel) {
  parcel = end_unless_wanted(std::move(parcel), "late before ");
  if (!parcel) return;
  begin_hop(*parcel);
  auto exit = attempt([&] { return node.process(parcel->message); });
  end_hop(*parcel);
  leave(std::move(parcel), std::move(exit));
}

void Router::process(AsyncNode& node, ParcelPtr parcel) {
  parcel = end_unless_wanted(std::move(parcel), "late before ");
  if (!parcel) return;
  begin_hop(*parcel);
  const auto visit = std::make_shared<Visit>(flow_, time_.get(), std::move(parcel));
  ParcelPtr refused;
  std::exception_ptr thrown;
  try {
    node.process(visit->message(), [visit](Exit exit) { visit->done(std::move(exit)); });
  } catch (...) {
    thrown = std::current_exception();
    refused = visit->withdraw();
  }
  if (!refused) return;
  end_hop(*refused);
  leave(std::move(refused), Exit::fail(what_of(thrown)));
}

void Router::resume(ParcelPtr parcel) noexcept {
  parcel->moment = now();
  auto exit = *std::exchange(parcel->exit, std::nullopt);
  if (!exit.ending()) {
    parcel = end_unless_wanted(std::move(parcel), "late after ");
    if (!parcel) return;
  }
  leave(std::move(parcel), std::move(exit));
}

void Router::process(JoinNode& node, ParcelPtr parcel) {
  if (!parcel->gathered) return arrive_as_branch(std::move(parcel));
  parcel = end_unless_wanted(std::move(parcel), "late before ");
  if (!parcel) return;
  begin_hop(*parcel);
  auto exit = attempt([&] { return node.join(parcel->message, *parcel->gathered); });
  parcel->gathered.reset();
  end_hop(*parcel);
  leave(std::move(parcel), std::move(exit));
}

void Router::arrive_as_branch(ParcelPtr parcel) {
  const auto* fork = parcel->branch_of.get();
  if (fork != nullptr && fork->join() == parcel->node) {
    return gather(std::move(parcel), std::nullopt, {});
  }
  auto reason = blame(parcel->node, "reached by what is no branch of its fork");
  end(std::move(parcel), OutcomeKind::failed, std::move(reason));
}

void Router::leave(ParcelPtr parcel, Exit&& exit) {
  const auto node = parcel->node;
  if (exit.ending()) return end(std::move(parcel), *exit.ending(), blame(node, exit.reason()));

  const auto& ports = plan_.nodes[node].ports;
  if (exit.port() >= ports.size()) {
    return end(std::move(parcel), OutcomeKind::failed, blame(node, "left by a port that it does not have"));
  }
  const auto& port = ports[exit.port()];
  if (port.gathered_by) return fork(std::move(parcel), port);
  if (!port.targets.empty()) return send(std::move(parcel), port.targets.front());
  end(std::move(parcel), port.when_open,
      is_by_design(port.when_open) ? std::string{}
                                   : blame(node, "left by `" + port.name + "`, where nothing follows"));
}

void Router::send(ParcelPtr parcel, std::size_t node) {
  if (++parcel->hops_on_stack > kMaxHopsOnStack) return spawn(std::move(parcel), node);
  parcel->node = node;
  flow_.pass(std::move(parcel));
}

void Router::spawn(ParcelPtr parcel, std::size_t node) {
  parcel->hops_on_stack = 0;
  parcel->moment.reset();  // it may have to queue
  parcel->node = node;
  flow_.spawn(std::move(parcel));
}

void Router::fork(ParcelPtr trunk, const PlannedPort& port) {
  const auto fork = std::make_shared<Fork>(std::move(trunk), *port.gathered_by, port.targets.size());
  // All are made before the first one goes, because the first one to come back may settle it.
  std::vector<ParcelPtr> branches;
  std::generate_n(std::back_inserter(branches), port.targets.size(), [&] { return Fork::branch(fork); });
  for (std::size_t i = 0; i < branches.size(); ++i) spawn(std::move(branches[i]), port.targets[i]);
}

void Router::gather(ParcelPtr branch, std::optional<OutcomeKind> ended, std::string reason) {
  const auto& fork = *branch->branch_of;
  auto& trace = branch->message.trace;
  const auto before = std::min(fork.hops_before(), trace.size());
  trace.erase(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(before));
  Branch news{.answer = std::move(branch->message.answer),
              .ended = ended,
              .reason = std::move(reason),
              .trace = std::move(trace)};
  report(std::move(branch), std::move(news));
}

void Router::call_off(ParcelPtr branch) {
  report(std::move(branch), std::nullopt);
}

void Router::report(ParcelPtr branch, std::optional<Branch> news) {
  auto& fork = *branch->branch_of;
  const auto join = fork.join();
  auto [trunk, branches, thrown] = fork.report(join_node(join), std::move(news));
  if (!trunk) return;
  for (const auto& gathered : branches) {
    trunk->message.trace.insert(trunk->message.trace.end(), gathered.trace.begin(), gathered.trace.end());
  }
  trunk->gathered = std::move(branches);
  trunk->moment = branch->moment;
  trunk->hops_on_stack = branch->hops_on_stack;
  branch.reset();  // with the fork, if it was the last: the slot goes back with the outcome
  if (thrown) return end(std::move(trunk), OutcomeKind::failed, blame(join, what_of(thrown)));
  send(std::move(trunk), join);
}

/// The message back, if it is to go on; null if it has ended here.
ParcelPtr Router::end_unless_wanted(ParcelPtr parcel, std::string_view late) {
  const auto& message = parcel->message;
  if (parcel->branch_of && parcel->branch_of->is_over()) {
    call_off(std::move(parcel));
    return nullptr;
  }
  if (is_cancelled_ || message.request.cancelled.stop_requested()) {
    end(std::move(parcel), OutcomeKind::expired, "cancelled");
    return nullptr;
  }
  if (*parcel->moment >= message.deadline) {
    auto reason = std::string{late} + (*names_)[parcel->node];
    end(std::move(parcel), OutcomeKind::expired, std::move(reason));
    return nullptr;
  }
  return parcel;
}

void Router::end(ParcelPtr parcel, OutcomeKind kind, std::string reason) {
  if (parcel->branch_of) return gather(std::move(parcel), kind, std::move(reason));
  deliver(std::move(parcel), kind, std::move(reason));
}

void Router::deliver(ParcelPtr parcel, OutcomeKind kind, std::string reason) {
  auto& message = parcel->message;
  auto callback = std::move(parcel->callback);
  Outcome outcome{.id = std::move(message.request.id),
                  .kind = kind,
                  .answer = std::move(message.answer),
                  .reason = std::move(reason),
                  .trace = std::move(message.trace),
                  .latency = *parcel->moment - message.submitted,
                  .names = names_};
  auto slot = std::move(parcel->slot);
  ledger_.end(kind);  // before the slot goes back, so that counts never show more in flight than the bound
  slots_.begin_delivery(std::move(slot));
  parcel.reset();
  try {
    if (callback) callback(std::move(outcome));
  } catch (...) {  // as documented: there is nobody to tell
  }
  callback = nullptr;  // what it holds is gone when `drain` returns
  slots_.end_delivery();
}

void Router::begin_hop(Parcel& parcel) const {
  parcel.message.trace.push_back({.node = (*names_)[parcel.node], .entered = *parcel.moment, .left = {}});
}

void Router::end_hop(Parcel& parcel) const {
  parcel.moment = now();
  if (!parcel.message.trace.empty()) parcel.message.hop().left = *parcel.moment;
}

const JoinNode& Router::join_node(std::size_t node) const {
  return *std::get<std::unique_ptr<JoinNode>>(plan_.nodes[node].node);
}

std::string Router::blame(std::size_t node, std::string_view reason) const {
  auto blame = (*names_)[node];
  if (!reason.empty()) blame.append(": ").append(reason);
  return blame;
}

}  // namespace slm::engine
