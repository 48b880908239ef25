#include "graph/engine/fork.h"

namespace slm::engine {
namespace {

/// From now on the slot is shared between the message and its forks.
std::shared_ptr<const Slot> share_slot(Parcel& trunk) {
  if (trunk.slot) trunk.kept_slot = std::make_shared<const Slot>(std::move(trunk.slot));
  return trunk.kept_slot;
}

}  // namespace

Fork::Fork(ParcelPtr trunk, std::size_t join, std::size_t expected)
    : join_{join},
      expected_{expected},
      hops_before_{trunk->message.trace.size()},
      around_{trunk->branch_of},
      slot_{share_slot(*trunk)},
      on_cancelled_{trunk->message.request.cancelled, StopBranches{stop_}},
      trunk_{std::move(trunk)} {
  branches_.reserve(expected);
}

ParcelPtr Fork::branch(const std::shared_ptr<Fork>& fork) {
  auto branch = std::make_unique<Parcel>();
  branch->message = fork->trunk_->message;
  branch->message.request.cancelled = fork->stop_.get_token();
  branch->branch_of = fork;
  return branch;
}

Fork::Settled Fork::report(const JoinNode& node, std::optional<Branch> branch) {
  Settled settled;
  {
    const std::lock_guard lock{mutex_};
    ++back_;
    if (settled_) return {};
    const bool has_news = branch.has_value();
    if (has_news) branches_.push_back(*std::move(branch));
    bool is_settled = back_ == expected_;
    if (has_news && !is_settled) {
      try {
        is_settled = node.is_settled(branches_, expected_);
      } catch (...) {
        is_settled = true;
        settled.thrown = std::current_exception();
      }
    }
    if (!is_settled) return {};
    settled_ = true;
    settled.trunk = std::move(trunk_);
    settled.branches = std::move(branches_);
  }
  stop_.request_stop();  // tells models to stop working for the branches that are still out
  return settled;
}

bool Fork::is_over() const {
  for (const auto* fork = this; fork != nullptr; fork = fork->around_.get()) {
    if (fork->settled_) return true;
  }
  return false;
}

}  // namespace slm::engine
