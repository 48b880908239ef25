#include "graph/engine/router.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "graph/engine/visit.h"

namespace slm::engine {
namespace {

/// Room for hops that is made at once.
constexpr std::size_t kUsualHops = 16;

/// Longer timeouts never end, and their deadlines would overflow the clock.
constexpr std::chrono::hours kForever{24 * 365 * 100};

Clock::time_point deadline_of(Clock::time_point submitted, std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout || *timeout >= kForever) return Clock::time_point::max();
  return submitted + std::max(*timeout, std::chrono::milliseconds{0});
}

std::shared_ptr<const std::vector<std::string>> names_of(const Plan& plan) {
  struct Names {
    std::vector<std::string> of_nodes;
    std::shared_ptr<const void> owner;
  };
  auto names = std::make_shared<Names>(Names{{}, plan.owner});
  names->of_nodes.reserve(plan.nodes.size());
  for (const auto& node : plan.nodes) names->of_nodes.push_back(node.name);
  return {names, &names->of_nodes};
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
      paces_(plan_.nodes.size()),
      names_{names_of(plan_)},
      time_{options.time},
      timeout_{options.timeout},
      privacy_{options.privacy},
      ledger_{ledger},
      slots_{slots},
      flow_{kinds_of(plan_), options.threads, *this} {}

void Router::admit(Submission&& submission) noexcept {
  auto parcel = std::make_unique<Parcel>(std::move(submission));
  auto& message = parcel->message;
  const auto timeout = message.request.timeout ? message.request.timeout : timeout_;
  message.deadline = deadline_of(message.submitted, timeout);
  if (privacy_ == Privacy::local) message.request.privacy = Privacy::local;
  message.trace.reserve(std::min(plan_.nodes.size(), kUsualHops));
  parcel->node = plan_.entry;
  parcel->moment = now();
  go_on(std::move(parcel));
}

void Router::enter(Message&& message, std::size_t node, Engine::Callback&& callback, Slot&& slot) {
  auto parcel = std::make_unique<Parcel>();
  parcel->message = std::move(message);
  parcel->message.submitted = now();
  parcel->callback = std::move(callback);
  parcel->slot = std::move(slot);
  parcel->entered = &paces_[node];
  if (!parcel->entered->is_quick()) return spawn(std::move(parcel), node);
  parcel->node = node;
  arrive(std::move(parcel));
}

void Router::arrive(ParcelPtr parcel) noexcept {
  const auto arrived = parcel->moment = now();
  Pace* const entered = std::exchange(parcel->entered, nullptr);
  if (auto* node = std::get_if<std::unique_ptr<AsyncNode>>(&plan_.nodes[parcel->node].node)) {
    parcel = begin(**node, std::move(parcel));
  }
  go_on(std::move(parcel));
  if (entered != nullptr) entered->note(now() - arrived);
}

void Router::resume(ParcelPtr parcel) noexcept {
  parcel->moment = now();
  auto exit = *std::exchange(parcel->exit, std::nullopt);
  const bool goes_on = exit.ending() || is_wanted(*parcel);
  go_on(goes_on ? leave(std::move(parcel), std::move(exit)) : end_unwanted(std::move(parcel), "late after "));
}

void Router::go_on(ParcelPtr parcel) {
  while (parcel) {
    auto& node = plan_.nodes[parcel->node].node;
    parcel = std::visit([&](auto& pointer) { return process(*pointer, std::move(parcel)); }, node);
  }
}

ParcelPtr Router::process(Node& node, ParcelPtr parcel) {
  if (!is_wanted(*parcel)) return end_unwanted(std::move(parcel), "late before ");
  begin_hop(*parcel);
  auto exit = attempt([&] { return node.process(parcel->message); });
  end_hop(*parcel);
  return leave(std::move(parcel), std::move(exit));
}

ParcelPtr Router::process(AsyncNode& /*node*/, ParcelPtr parcel) {
  const auto node = parcel->node;
  spawn(std::move(parcel), node);
  return nullptr;
}

ParcelPtr Router::begin(AsyncNode& node, ParcelPtr parcel) {
  if (!is_wanted(*parcel)) return end_unwanted(std::move(parcel), "late before ");
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
  if (!refused) return nullptr;
  end_hop(*refused);
  return leave(std::move(refused), Exit::fail(what_of(thrown)));
}

ParcelPtr Router::process(JoinNode& node, ParcelPtr parcel) {
  if (!parcel->gathered) return arrive_as_branch(std::move(parcel));
  if (!is_wanted(*parcel)) return end_unwanted(std::move(parcel), "late before ");
  begin_hop(*parcel);
  auto exit = attempt([&] { return node.join(parcel->message, *parcel->gathered); });
  parcel->gathered.reset();
  end_hop(*parcel);
  return leave(std::move(parcel), std::move(exit));
}

ParcelPtr Router::arrive_as_branch(ParcelPtr parcel) {
  const auto* fork = parcel->branch_of.get();
  if (fork != nullptr && fork->join() == parcel->node) {
    return gather(std::move(parcel), std::nullopt, {});
  }
  auto reason = blame(parcel->node, "reached by what is no branch of its fork");
  return end(std::move(parcel), OutcomeKind::failed, std::move(reason));
}

ParcelPtr Router::leave(ParcelPtr parcel, Exit&& exit) {
  const auto node = parcel->node;
  if (exit.ending()) {
    auto reason = exit.names_node() ? std::move(exit.reason()) : blame(node, exit.reason());
    return end(std::move(parcel), *exit.ending(), std::move(reason));
  }

  const auto& ports = plan_.nodes[node].ports;
  if (exit.port() >= ports.size()) {
    return end(std::move(parcel), OutcomeKind::failed, blame(node, "left by a port that it does not have"));
  }
  const auto& port = ports[exit.port()];
  if (port.gathered_by) return fork(std::move(parcel), port);
  if (!port.targets.empty()) {
    parcel->node = port.targets.front();
    return parcel;
  }
  return end(std::move(parcel), port.when_open,
             is_by_design(port.when_open)
                 ? std::string{}
                 : blame(node, "left by `" + port.name + "`, where nothing follows"));
}

ParcelPtr Router::fork(ParcelPtr trunk, const PlannedPort& port) {
  const auto fork = std::make_shared<Fork>(std::move(trunk), *port.gathered_by, port.targets.size());
  // All are made before the first one goes, because the first one to come back may settle it.
  std::vector<ParcelPtr> branches;
  std::generate_n(std::back_inserter(branches), port.targets.size(), [&] { return Fork::branch(fork); });
  for (std::size_t i = 0; i < branches.size(); ++i) spawn(std::move(branches[i]), port.targets[i]);
  return nullptr;
}

void Router::spawn(ParcelPtr parcel, std::size_t node) {
  parcel->node = node;
  flow_.spawn(std::move(parcel));
}

ParcelPtr Router::gather(ParcelPtr branch, std::optional<OutcomeKind> ended, std::string reason) {
  const auto& fork = *branch->branch_of;
  auto& trace = branch->message.trace;
  const auto before = std::min(fork.hops_before(), trace.size());
  trace.erase(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(before));
  Branch news{.answer = std::move(branch->message.answer),
              .ended = ended,
              .reason = std::move(reason),
              .trace = std::move(trace),
              .is_degraded = branch->message.is_degraded};
  return report(std::move(branch), std::move(news));
}

ParcelPtr Router::call_off(ParcelPtr branch) {
  return report(std::move(branch), std::nullopt);
}

ParcelPtr Router::report(ParcelPtr branch, std::optional<Branch> news) {
  auto& fork = *branch->branch_of;
  const auto join = fork.join();
  auto [trunk, branches, thrown] = fork.report(join_node(join), std::move(news));
  if (!trunk) return nullptr;
  for (const auto& gathered : branches) {
    trunk->message.is_degraded |= gathered.is_degraded;
    trunk->message.trace.insert(trunk->message.trace.end(), gathered.trace.begin(), gathered.trace.end());
  }
  trunk->gathered = std::move(branches);
  trunk->moment = branch->moment;
  trunk->node = join;
  branch.reset();  // with the fork, if it was the last: the slot goes back with the outcome
  if (thrown) return end(std::move(trunk), OutcomeKind::failed, blame(join, what_of(thrown)));
  return std::move(trunk);
}

bool Router::is_wanted(const Parcel& parcel) const {
  return parcel.moment < parcel.message.deadline && !is_cancelled_.load(std::memory_order_relaxed) &&
         !parcel.message.request.cancelled.stop_requested() &&
         !(parcel.branch_of && parcel.branch_of->is_over());
}

ParcelPtr Router::end_unwanted(ParcelPtr parcel, std::string_view late) {
  if (parcel->branch_of && parcel->branch_of->is_over()) return call_off(std::move(parcel));
  if (is_cancelled_ || parcel->message.request.cancelled.stop_requested()) {
    return end(std::move(parcel), OutcomeKind::expired, "cancelled");
  }
  auto reason = std::string{late} + (*names_)[parcel->node];
  return end(std::move(parcel), OutcomeKind::expired, std::move(reason));
}

ParcelPtr Router::end(ParcelPtr parcel, OutcomeKind kind, std::string reason) {
  if (parcel->branch_of) return gather(std::move(parcel), kind, std::move(reason));
  deliver(std::move(parcel), kind, std::move(reason));
  return nullptr;
}

void Router::deliver(ParcelPtr parcel, OutcomeKind kind, std::string reason) {
  auto& message = parcel->message;
  ledger_.end(kind);  // before the slot goes back, so that counts never show more in flight than the bound
  slots_.begin_delivery(std::move(parcel->slot));
  parcel->kept_slot.reset();
  const bool goes_on_elsewhere = message.is_put_off || (message.caller && message.caller->returned);
  if (!goes_on_elsewhere)
    for (const auto& witness : message.witnesses) witness->ended(message, kind);
  try {
    if (parcel->callback) {
      parcel->callback(Outcome{.id = std::move(message.request.id),
                               .kind = kind,
                               .answer = std::move(message.answer),
                               .reason = std::move(reason),
                               .trace = std::move(message.trace),
                               .latency = parcel->moment - message.submitted,
                               .is_degraded = message.is_degraded,
                               .is_put_off = message.is_put_off,
                               .tag = std::move(message.request.tag),
                               .receipts = std::move(message.receipts),
                               .names = names_});
    }
  } catch (...) {  // as documented: there is nobody to tell
  }
  parcel.reset();  // what the callback holds is gone when `drain` returns
  slots_.end_delivery();
}

void Router::begin_hop(Parcel& parcel) const {
  parcel.message.trace.push_back({.node = (*names_)[parcel.node], .entered = parcel.moment, .left = {}});
}

void Router::end_hop(Parcel& parcel) const {
  parcel.moment = now();
  if (!parcel.message.trace.empty()) parcel.message.hop().left = parcel.moment;
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
