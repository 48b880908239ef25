#include "bench/engine/peer.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <array>
#include <chrono>
#include <memory>

#include "graph/engine/slots.h"

namespace slm::bench {
namespace {

namespace flow = tbb::flow;
using Clock = std::chrono::steady_clock;

struct PeerMessage {
  std::string id;
  std::string text;
  std::function<void()> on_end;
  engine::Slot slot;
  std::array<Clock::time_point, 7> times;
};

template <typename Policy>
double run(const PeerOptions& options, std::size_t messages, const std::string& text,
           const std::function<void()>& on_end) {
  using Hop = flow::function_node<PeerMessage*, PeerMessage*, Policy>;
  using End = flow::function_node<PeerMessage*, flow::continue_msg, Policy>;
  using Door = flow::function_node<PeerMessage*, PeerMessage*>;

  const tbb::global_control allowed{
      tbb::global_control::max_allowed_parallelism,
      static_cast<std::size_t>(options.threads + (options.joins_submitter ? 0 : 1))};
  tbb::task_arena arena{options.threads, 0};
  std::unique_ptr<flow::graph> graph;
  const auto make_graph = [&] { graph = std::make_unique<flow::graph>(); };
  if (options.joins_submitter) {
    make_graph();
  } else {
    arena.execute(make_graph);
  }

  engine::Slots slots{options.max_in_flight};
  const auto look = [reads = options.reads_clock](PeerMessage& message, std::size_t at) {
    if (reads) message.times[at] = Clock::now();
  };
  const auto hop = [&](std::size_t at) {
    return std::make_unique<Hop>(*graph, flow::unlimited, [look, at](PeerMessage* message) noexcept {
      look(*message, at);
      return message;
    });
  };
  Door door{*graph, flow::unlimited, [](PeerMessage* message) { return message; }};
  std::array hops{hop(1), hop(2), hop(3), hop(4), hop(5)};
  End end{*graph, flow::unlimited, [&](PeerMessage* message) noexcept {
            look(*message, 6);
            message->on_end();
            delete message;
            return flow::continue_msg{};
          }};
  for (std::size_t i = 0; i + 1 < hops.size(); ++i) flow::make_edge(*hops[i], *hops[i + 1]);
  flow::make_edge(*hops.back(), end);
  if (options.hand == Hand::task_then_calls) flow::make_edge(door, *hops.front());

  const auto start = Clock::now();
  for (std::size_t i = 0; i < messages; ++i) {
    std::unique_ptr<PeerMessage> message{
        new PeerMessage{std::to_string(i), text, on_end, slots.take(Priority::interactive), {}}};
    look(*message, 0);
    if (options.hand == Hand::task_then_calls) {
      door.try_put(message.release());
    } else {
      hops.front()->try_put(message.release());
    }
  }
  graph->wait_for_all();
  return static_cast<double>(messages) / std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

double run_peer(const PeerOptions& options, std::size_t messages, const std::string& text,
                const std::function<void()>& on_end) {
  return options.hand == Hand::tasks ? run<flow::queueing>(options, messages, text, on_end)
                                     : run<flow::queueing_lightweight>(options, messages, text, on_end);
}

}  // namespace slm::bench
