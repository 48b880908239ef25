#include "tests/graph/engine/random_plan.h"

#include <stdexcept>

namespace slm::test {

Workers::Workers(int count) {
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock{mutex_};
    is_closing_ = true;
  }
  changed_.notify_all();
}

void Workers::call(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void Workers::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.back());
    queue_.pop_back();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

RandomPlan::RandomPlan(unsigned seed, std::size_t requests) : random_{seed}, salt_{seed}, stops_(requests) {}

Plan RandomPlan::make() {
  plan_.entry = *sequence(1 + pick(6), {}, 3);
  return std::move(plan_);
}

std::size_t RandomPlan::add(PlannedNode node) {
  plan_.nodes.push_back(std::move(node));
  return plan_.nodes.size() - 1;
}

/// Built from its end, because ports name what follows. Empty when it has no node and nothing follows.
RandomPlan::Next RandomPlan::sequence(int length, Next after, int depth) {
  for (int i = 0; i < length; ++i) after = element(after, depth);
  return after;
}

std::size_t RandomPlan::element(Next after, int depth) {
  if (depth > 0 && chance(30)) return fork_and_join(after, depth - 1);
  const auto node = plan_.nodes.size();
  auto exits = ports(after);
  const auto count = exits.size();
  if (chance(30)) {
    return add(async_step(new_name(), std::move(exits), [=, this](Message& message, AsyncNode::Done done) {
      act_async(message, std::move(done), dice(message, node), count);
    }));
  }
  return add(step(new_name(), std::move(exits),
                  [=, this](Message& message) { return act(message, dice(message, node), count); }));
}

std::size_t RandomPlan::fork_and_join(Next after, int depth) {
  const int patience = pick(3);  // all, the first, or whenever the dice say
  const auto node = plan_.nodes.size();
  auto exits = ports(after);
  const auto count = exits.size();
  const auto join = add(join_step(
      new_name(), std::move(exits),
      [=, this](std::span<const Branch> branches, std::size_t expected) {
        if (patience == 0) return branches.size() == expected;
        if (patience == 1) return !branches.back().ended;
        if ((salt_ + branches.size()) % 7 == 0) throw std::runtime_error{"cannot decide"};
        return (salt_ + branches.size()) % 3 == 0;
      },
      [=, this](Message& message, std::span<const Branch>) {
        return act(message, dice(message, node), count);
      }));

  std::vector<std::size_t> branches;
  const int width = 1 + pick(4);
  for (int i = 0; i < width; ++i) branches.push_back(*sequence(pick(4), join, depth));
  return add(step(new_name(), {fork(std::move(branches), join)}));
}

/// The way on, and perhaps ways out.
std::vector<PlannedPort> RandomPlan::ports(Next after) {
  std::vector<PlannedPort> ports{after ? to(*after) : open()};
  if (chance(30)) ports.push_back(open(any_kind()));
  if (after && chance(30)) ports.push_back(to(*after));
  return ports;
}

std::uint64_t RandomPlan::dice(const Message& message, std::uint64_t node) const {
  std::mt19937_64 random{salt_ * 1'000'003 + node * 10'007 + std::stoull(message.request.text)};
  return random();
}

Exit RandomPlan::act(Message& message, std::uint64_t dice, std::size_t ports) const {
  message.answer.text += '.';
  switch (dice % 64) {
    case 0:
      throw std::runtime_error{"thrown"};
    case 1:
      throw 1;
    case 2:
      return Exit::fail("failed");
    case 3:
      return Exit::expire("expired");
    case 4:
      return Exit::abstain("abstained");
    case 5:
      return Exit::by(ports);
    case 6:
      stops_[std::stoul(message.request.text)].request_stop();
      break;
    case 7:
      clock_->advance(std::chrono::milliseconds{1});
      break;
    default:
      break;
  }
  return Exit::by(dice / 64 % ports);
}

void RandomPlan::act_async(Message& message, AsyncNode::Done done, std::uint64_t dice, std::size_t ports) {
  switch (dice % 16) {
    case 0:
      throw std::runtime_error{"did not begin"};
    case 1:
      done(Exit::by(0));
      throw std::runtime_error{"after it was done"};
    case 2:
      return;  // lets go of it
    case 3:
      done(Exit::by(0));
      done(Exit::fail("twice"));
      return;
    case 4:
      workers_.call([done] { done(Exit::by(0)); });
      workers_.call([done] { done(Exit::fail("twice, from two threads")); });
      return;
    case 5:
      workers_.call([done] {});  // lets go of it elsewhere
      return;
    default:
      workers_.call([=, this, &message] {
        try {
          done(act(message, dice / 16, ports));
        } catch (...) {
          done(Exit::fail("thrown on a thread of its own"));
        }
      });
  }
}

}  // namespace slm::test
