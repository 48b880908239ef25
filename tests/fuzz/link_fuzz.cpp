// Both ends of a link, given whatever a peer may send. With libFuzzer (preset `fuzz`) it looks for packets
// that harm; without, it replays the corpus.
//
// An input is a list of steps: a byte says what happens, and for a packet a byte how many parts it has, each
// after two bytes of length.

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "graph/placement.h"
#include "graph/registry.h"
#include "nodes/builtin.h"
#include "nodes/link/callee.h"
#include "nodes/link/caller.h"
#include "nodes/link/pool.h"

namespace slm::link {
namespace {

class Nothing : public Node {
 public:
  struct Options {
    Port to;
    static Fields<Options> fields() { return Fields<Options>{}.optional("to", &Options::to, "next node"); }
  };
  Nothing(Options options, const NodeContext&) : options_{std::move(options)} {}
  Exit process(Message&) override { return options_.to; }

 private:
  Options options_;
};

const Pipeline& pipeline() {
  static const Pipeline parsed = [] {
    register_builtin_nodes();
    Registry::instance().add(node_type<Nothing>("nothing", "does nothing"));
    return Pipeline::parse(R"(pipeline: assistant
version: 1
entry: draft
processes:
  edge: {}
  cloud: { listen: "tcp://127.0.0.1:5555" }
nodes:
  draft: { type: nothing, to: expert }
  expert: { type: nothing, on: cloud, on_unreachable: spool, to: after }
  after: { type: nothing }
)",
                           "fuzz.yaml");
  }();
  return parsed;
}

/// Reads an input to its end; what is missing is empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_{reinterpret_cast<const char*>(data), size} {}
  bool is_empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    const auto found = bytes(1);
    return found.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(found.front());
  }
  std::string_view bytes(std::size_t count) {
    const auto found = rest_.substr(0, count);
    rest_.remove_prefix(found.size());
    return found;
  }
  std::vector<std::string_view> parts() {
    std::vector<std::string_view> parts(byte() % 8U);
    for (auto& part : parts) {
      const std::size_t low = byte();
      part = bytes(low + 256U * byte());
    }
    return parts;
  }

 private:
  std::string_view rest_;
};

/// Keeps calls until it is told to finish one.
class SlowDoer : public Doer {
 public:
  bool try_do(Work& work) override {
    if (at_work.size() >= 4) return false;
    message_of(work.call, work.text, work.answer);
    at_work.push_back(work.id);
    return true;
  }
  std::deque<wire::CallId> at_work;
};

CarriedReply reply() {
  RemoteCaller caller;
  return reply_of(pipeline().spec(), {.kind = OutcomeKind::answered, .answer = {.text = "yes"}}, caller,
                  Clock::now());
}

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every call ends once, whatever comes.
class CallerEnd {
 public:
  CallerEnd() : caller_{pipeline(), options(), [](Packet) {}} {}

  void step(std::uint8_t what, Input& input, Clock::time_point now) {
    switch (what % 4U) {
      case 0:
        return add();
      case 1:
        return caller_.connected(now);
      case 2:
        return caller_.disconnected(now);
      default:
        try {
          if (!caller_.receive(decode(input.parts(), {}), now)) caller_.disconnected(now);
        } catch (const MalformedPacket& error) {
          caller_.complain(error.what());
          caller_.disconnected(now);
        }
    }
    caller_.tick(now);
    caller_.flush(now);
  }

  void leave() {
    caller_.leave();
    for (const int times : ended_) require(times == 1);
  }

 private:
  static ClientOptions options() {
    ClientOptions options;
    options.process = "edge";
    options.callee = "cloud";
    options.instance = {1, 2};
    options.pipeline_hash = placement_hash(pipeline().spec());
    return options;
  }

  void add() {
    if (ended_.size() >= 64) return;
    const std::size_t number = ended_.size();
    ended_.push_back(0);
    Message message;
    message.request.text = "hello";
    message.trace.push_back({.node = "expert"});
    OutgoingCall call;
    call.key = {3, number + 4};
    call.call = call_of(message, 1, "edge");
    call.done = [this, number](CallResult result, const auto&) {
      ++ended_[number];
      auto* returned = std::get_if<Returned>(&result);
      if (returned == nullptr) return;
      Message taken;
      taken.trace.push_back({.node = "expert"});
      try {
        take_reply(taken, pipeline().spec(), "cloud", std::move(returned->reply), link::Payload{},
                   *returned->nodes);
      } catch (const MalformedPacket&) {
      }
    };
    caller_.add(std::move(call));
  }

  std::vector<int> ended_;
  Caller caller_;
};

class CalleeEnd {
 public:
  CalleeEnd()
      : callee_{pipeline().spec(), options(), doer_, [](const RoutingId&, Packet) {}, [](std::string) {}} {}

  void step(std::uint8_t what, Input& input, Clock::time_point now) {
    const RoutingId peer(1, static_cast<char>('a' + what % 3U));
    switch ((what / 4U) % 4U) {
      case 0:
        if (!doer_.at_work.empty()) {
          callee_.finished(doer_.at_work.front(), reply());
          doer_.at_work.pop_front();
        }
        break;
      case 1:
        callee_.lose(peer, what % 2U == 0);
        break;
      default:
        try {
          callee_.receive(peer, what % 5U == 0 ? "somebody" : "", decode(input.parts(), {}), now);
        } catch (const MalformedPacket& error) {
          callee_.complain(peer, error.what());
        }
    }
    callee_.flush(now);
    callee_.tick(now);
  }

  void leave() {
    while (!doer_.at_work.empty()) {
      callee_.finished(doer_.at_work.front(), reply());
      doer_.at_work.pop_front();
      callee_.flush(Clock::now());
    }
    require(callee_.is_idle());
  }

 private:
  static CalleeOptions options() {
    CalleeOptions options;
    options.process = "cloud";
    options.callers = {"edge"};
    options.allow_other_pipelines = true;
    options.window = 4;
    options.max_callers = 3;
    return options;
  }

  SlowDoer doer_;
  Callee callee_;
};

/// Every call that the pool takes ends once, whatever its workers do.
class PoolEnd {
 public:
  void step(std::uint8_t what, Input& input, Clock::time_point now) {
    const RoutingId peer(1, static_cast<char>('a' + what % 3U));
    if ((what / 4U) % 4U == 0) {
      add();
    } else {
      try {
        pool_.receive(peer, "", decode(input.parts(), {}), now);
      } catch (const MalformedPacket& error) {
        pool_.complain(peer, error.what());
      }
    }
    pool_.tick(now);
    pool_.flush(now);
  }

  void leave() {
    for (const char peer : {'a', 'b', 'c'}) pool_.expel(RoutingId(1, peer), "the end");
    pool_.tick(Clock::now() + std::chrono::hours{1});
    for (const auto& [sequence, times] : ended_) require(times <= 1);
  }

 private:
  static PoolOptions options() {
    PoolOptions options;
    options.process = "cloud";
    options.allow_other_pipelines = true;
    options.hedge_after = 0.9;
    return options;
  }

  void add() {
    Message message;
    message.request.text = "hello";
    message.trace.push_back({.node = "expert"});
    CarriedCall call = call_of(message, 1, "edge");
    Work work{.id = {1, 2, 3, ++sequence_},
              .call = std::move(call.header),
              .text = call.text,
              .answer = call.answer,
              .node = 1,
              .cancelled = {}};
    if (pool_.try_do(work)) ended_[sequence_] = 0;
  }

  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, int> ended_;
  Pool pool_{pipeline(), options(), [](const RoutingId&, Packet) {},
             [this](const wire::CallId& id, CarriedReply) { ++ended_.at(id.sequence()); },
             [](std::string) {}};
};

}  // namespace
}  // namespace slm::link

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slm::link;
  Input input{data, size};
  CallerEnd caller;
  CalleeEnd callee;
  PoolEnd pool;
  auto now = slm::Clock::now();
  for (int steps = 0; !input.is_empty() && steps < 200; ++steps) {
    const std::uint8_t what = input.byte();
    now += std::chrono::milliseconds{what};
    if (what % 2U == 0)
      callee.step(what / 2U, input, now);
    else if (what < 128)
      caller.step(what / 2U, input, now);
    else
      pool.step(what / 2U, input, now);
  }
  caller.leave();
  callee.leave();
  pool.leave();
  return 0;
}
