#include "graph/engine/flow.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <tuple>
#include <variant>

#include "graph/engine/handover.h"

namespace slm::engine {
namespace {

namespace flow = tbb::flow;

// Nodes with an output that they never use: what follows is put to by hand. A function_node would lock its
// list of successors at every hop to find it empty.
using NoOutput = std::tuple<flow::continue_msg>;
using Step = flow::multifunction_node<Parcel*, NoOutput, flow::lightweight>;
template <typename Load>
using Task = flow::multifunction_node<Load*, NoOutput>;
using Ports = Step::output_ports_type;
using AsyncStep = flow::async_node<Parcel*, Parcel*, flow::queueing_lightweight>;
using AnyStep = std::variant<std::unique_ptr<Step>, std::unique_ptr<AsyncStep>>;

int thread_count(int wanted) {
  return wanted > 0 ? wanted : tbb::info::default_concurrency();
}

/// TBB keeps one thread less than there are processors, counting on the caller to work too; ours only
/// submits. Never below what others in this process count on.
std::size_t allowed_threads(int threads) {
  return static_cast<std::size_t>(std::max(threads, tbb::info::default_concurrency())) + 1;
}

template <typename Load>
std::unique_ptr<Load> own(Load* load) {
  take_over(load);
  return std::unique_ptr<Load>{load};
}

template <typename Load>
Load* disown(std::unique_ptr<Load> load) {
  hand_over(load.get());
  return load.release();
}

}  // namespace

class Flow::Impl {
 public:
  Impl(const std::vector<Kind>& nodes, int threads, Visitor& visitor)
      : allowed_{tbb::global_control::max_allowed_parallelism, allowed_threads(threads)},
        arena_{threads, /*reserved_for_masters=*/0},
        visitor_{visitor} {
    arena_.execute([&] { build(nodes); });
  }

  ~Impl() {
    graph_->wait_for_all();
    take_over(this);
  }

  void admit(SubmissionPtr submission) { admitted_->try_put(disown(std::move(submission))); }

  void spawn(ParcelPtr parcel) { spawned_->try_put(disown(std::move(parcel))); }

  void pass(ParcelPtr parcel) {
    auto& step = steps_[parcel->node];
    Parcel* raw = disown(std::move(parcel));
    std::visit([raw](auto& node) { node->try_put(raw); }, step);
  }

  AsyncStep::gateway_type& gateway(std::size_t node) { return std::get<1>(steps_[node])->gateway(); }

 private:
  void build(const std::vector<Kind>& nodes) {
    graph_ = std::make_unique<flow::graph>();
    admitted_ = task<Submission>([this](SubmissionPtr submission) { visitor_.admit(std::move(submission)); });
    spawned_ = task<Parcel>([this](ParcelPtr parcel) { pass(std::move(parcel)); });
    resumed_ = task<Parcel>([this](ParcelPtr parcel) { visitor_.resume(std::move(parcel)); });
    steps_.reserve(nodes.size());
    for (const auto kind : nodes) steps_.push_back(step(kind));
  }

  template <typename Load, typename Work>
  std::unique_ptr<Task<Load>> task(Work work) {
    return std::make_unique<Task<Load>>(*graph_, flow::unlimited, [this, work](Load* load, Ports&) {
      work(own(load));
      hand_over(this);
    });
  }

  AnyStep step(Kind kind) {
    // `lightweight` acts only on bodies that are noexcept.
    if (kind == Kind::synchronous) {
      return std::make_unique<Step>(*graph_, flow::unlimited, [this](Parcel* parcel, Ports&) noexcept {
        visitor_.arrive(own(parcel));
      });
    }
    auto async = std::make_unique<AsyncStep>(
        *graph_, flow::unlimited,
        [this](Parcel* parcel, AsyncStep::gateway_type&) noexcept { visitor_.arrive(own(parcel)); });
    flow::make_edge(flow::output_port<0>(*async), *resumed_);
    return async;
  }

  tbb::global_control allowed_;
  tbb::task_arena arena_;
  Visitor& visitor_;
  std::unique_ptr<flow::graph> graph_;
  std::unique_ptr<Task<Submission>> admitted_;
  std::unique_ptr<Task<Parcel>> spawned_;
  std::unique_ptr<Task<Parcel>> resumed_;  ///< where parcels come back from asynchronous work
  std::vector<AnyStep> steps_;             ///< parallel to the plan's nodes
};

Flow::Flow(const std::vector<Kind>& nodes, int threads, Visitor& visitor)
    : impl_{std::make_unique<Impl>(nodes, thread_count(threads), visitor)} {}

Flow::~Flow() = default;

void Flow::admit(SubmissionPtr submission) noexcept {
  impl_->admit(std::move(submission));
}

void Flow::spawn(ParcelPtr parcel) noexcept {
  impl_->spawn(std::move(parcel));
}

void Flow::pass(ParcelPtr parcel) noexcept {
  impl_->pass(std::move(parcel));
}

void Flow::reserve(std::size_t node) noexcept {
  impl_->gateway(node).reserve_wait();
}

void Flow::release(std::size_t node) noexcept {
  impl_->gateway(node).release_wait();
}

void Flow::complete(ParcelPtr parcel) noexcept {
  auto& gateway = impl_->gateway(parcel->node);
  gateway.try_put(disown(std::move(parcel)));
  gateway.release_wait();
}

}  // namespace slm::engine
