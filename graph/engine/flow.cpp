#include "graph/engine/flow.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <tuple>
#include <variant>

#include "graph/engine/admissions.h"
#include "graph/engine/handover.h"

namespace slm::engine {
namespace {

namespace flow = tbb::flow;

// With an output that is never used: what follows is put to by hand. A function_node would lock its list of
// successors each time to find it empty.
using Step = flow::multifunction_node<Parcel*, std::tuple<flow::continue_msg>>;
using AsyncStep = flow::async_node<Parcel*, Parcel*, flow::queueing>;
using AnyStep = std::variant<std::unique_ptr<Step>, std::unique_ptr<AsyncStep>>;

int thread_count(int wanted) {
  return wanted > 0 ? wanted : tbb::info::default_concurrency();
}

/// Lets TBB have as many threads as all flows of this process want. By itself it keeps one less than there
/// are processors, counting on the caller to work too, which ours do not; and where threads are fewer than
/// the arenas that have work, it can leave one of these without any until another has none left.
class ThreadAllowance {
 public:
  explicit ThreadAllowance(int threads) : threads_{threads} { allow_more(threads_); }
  ~ThreadAllowance() { allow_more(-threads_); }
  ThreadAllowance(const ThreadAllowance&) = delete;
  ThreadAllowance& operator=(const ThreadAllowance&) = delete;

 private:
  static void allow_more(int threads) {
    static std::mutex mutex;
    static int wanted = 0;
    static std::optional<tbb::global_control> control;
    const std::lock_guard lock{mutex};
    wanted += threads;
    control.reset();
    // Never below what others in this process count on.
    if (wanted > 0)
      control.emplace(tbb::global_control::max_allowed_parallelism,
                      static_cast<std::size_t>(std::max(wanted, tbb::info::default_concurrency())) + 1);
  }

  const int threads_;
};

ParcelPtr own(Parcel* parcel) {
  take_over(parcel);
  return ParcelPtr{parcel};
}

Parcel* disown(ParcelPtr parcel) {
  hand_over(parcel.get());
  return parcel.release();
}

}  // namespace

class Flow::Impl {
 public:
  Impl(const std::vector<Kind>& nodes, int threads, Visitor& visitor)
      : allowed_{threads},
        arena_{threads, /*reserved_for_masters=*/0},
        admissions_{threads},
        visitor_{visitor} {
    arena_.execute([&] { build(nodes); });
  }

  ~Impl() {
    graph_->wait_for_all();
    take_over(this);
  }

  void admit(Request&& request, Engine::Callback&& callback, Slot&& slot, Clock::time_point now) {
    const bool is_first = admissions_.put(std::move(request), std::move(callback), std::move(slot), now);
    if (is_first) call_for_admission();
  }

  void spawn(ParcelPtr parcel) {
    auto& inlet = *inlets_[parcel->node];
    inlet.try_put(disown(std::move(parcel)));
  }

  AsyncStep::gateway_type& gateway(std::size_t node) { return std::get<1>(steps_[node])->gateway(); }

 private:
  void build(const std::vector<Kind>& nodes) {
    graph_ = std::make_unique<flow::graph>();
    resumed_ = step(&Visitor::resume);
    for (const auto kind : nodes) {
      if (kind == Kind::synchronous) {
        add(step(&Visitor::arrive));
      } else {
        add(async_step());
      }
    }
  }

  template <typename NewStep>
  void add(std::unique_ptr<NewStep> new_step) {
    inlets_.push_back(new_step.get());
    steps_.emplace_back(std::move(new_step));
  }

  std::unique_ptr<Step> step(void (Visitor::*visit)(ParcelPtr)) {
    return std::make_unique<Step>(*graph_, flow::unlimited,
                                  [this, visit](Parcel* parcel, Step::output_ports_type&) {
                                    (visitor_.*visit)(own(parcel));
                                    hand_over(this);
                                  });
  }

  std::unique_ptr<AsyncStep> async_step() {
    auto async = std::make_unique<AsyncStep>(*graph_, flow::unlimited,
                                             [this](Parcel* parcel, AsyncStep::gateway_type&) {
                                               visitor_.arrive(own(parcel));
                                               hand_over(this);
                                             });
    flow::make_edge(flow::output_port<0>(*async), *resumed_);
    return async;
  }

  /// Always at the end of the arena's queue, which a try_put from one of its own threads is not: new messages
  /// must not overtake those that come back from asynchronous work.
  void call_for_admission() {
    graph_->reserve_wait();
    hand_over(this);
    arena_.enqueue([this] {
      take_over(this);
      admit_share();
      hand_over(this);
      graph_->release_wait();
    });
  }

  void admit_share() {
    auto [submissions, leaves_more] = admissions_.take();
    if (leaves_more) call_for_admission();
    for (auto& submission : submissions) visitor_.admit(std::move(submission));
  }

  ThreadAllowance allowed_;
  tbb::task_arena arena_;
  Admissions admissions_;
  Visitor& visitor_;
  std::unique_ptr<flow::graph> graph_;
  std::unique_ptr<Step> resumed_;                 ///< where parcels come back from asynchronous work
  std::vector<AnyStep> steps_;                    ///< parallel to the plan's nodes
  std::vector<flow::receiver<Parcel*>*> inlets_;  ///< of the steps
};

Flow::Flow(const std::vector<Kind>& nodes, int threads, Visitor& visitor)
    : impl_{std::make_unique<Impl>(nodes, thread_count(threads), visitor)} {}

Flow::~Flow() = default;

void Flow::admit(Request&& request, Engine::Callback&& callback, Slot&& slot,
                 Clock::time_point now) noexcept {
  impl_->admit(std::move(request), std::move(callback), std::move(slot), now);
}

void Flow::spawn(ParcelPtr parcel) noexcept {
  impl_->spawn(std::move(parcel));
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
