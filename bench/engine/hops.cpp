// Five hops of nodes that do nothing, through the engine and written directly on oneTBB's flow graph.
//
//   engine_hops [MESSAGES] [REPETITIONS]    messages a second, as a Markdown table
//   engine_hops --only ROW [MESSAGES]       one row of that table, for a profiler
//   engine_hops --memory [MESSAGES]         resident memory over the engine's messages

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/engine/peer.h"
#include "graph/engine/engine.h"

namespace slm::bench {
namespace {

constexpr std::size_t kHops = 5;
constexpr std::size_t kMaxInFlight = 1024;
constexpr std::string_view kText = "play some quiet jazz in the kitchen, please";

class Nothing final : public Node {
 public:
  Exit process(Message&) override { return Exit::by(0); }
};

/// Costs nothing to read: what the engine would do without its trace's times.
class StoppedClock final : public TimeSource {
 public:
  Clock::time_point now() const override { return {}; }
};

Plan five_hops() {
  Plan plan;
  for (std::size_t i = 1; i <= kHops; ++i) {
    PlannedPort port;
    if (i < kHops) port.targets = {i};
    plan.nodes.push_back({"hop" + std::to_string(i), std::make_unique<Nothing>(), {std::move(port)}});
  }
  return plan;
}

int thread_count() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

EngineOptions options(std::shared_ptr<const TimeSource> time = nullptr) {
  return {.max_in_flight = kMaxInFlight, .timeout = {}, .threads = thread_count(), .time = std::move(time)};
}

double run_engine(std::size_t messages, std::shared_ptr<const TimeSource> time) {
  Engine engine{five_hops(), options(std::move(time))};
  std::atomic<std::size_t> ended = 0;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < messages; ++i) {
    Request request;
    request.text = kText;
    engine.submit(std::move(request), [&ended](const Outcome&) { ++ended; });
  }
  engine.drain();
  const std::chrono::duration<double> took = Clock::now() - start;
  if (ended != messages) std::abort();
  return static_cast<double>(messages) / took.count();
}

double run_checked_peer(const PeerOptions& peer, std::size_t messages) {
  std::atomic<std::size_t> ended = 0;
  const auto rate = run_peer(peer, messages, std::string{kText}, [&ended] { ++ended; });
  if (ended != messages) std::abort();
  return rate;
}

struct Contender {
  const char* name;
  std::function<double(std::size_t)> run;
  std::vector<double> rates{};
  std::vector<double> processor_ns{};  ///< a message, of all threads together
  std::vector<double> ratios{};        ///< to the first contender's of the same round
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::vector<Contender> all_contenders() {
  const auto peer = [](PeerOptions peer_options) {
    peer_options.max_in_flight = kMaxInFlight;
    peer_options.threads = thread_count();
    return [peer_options](std::size_t count) { return run_checked_peer(peer_options, count); };
  };
  const auto engine = [](std::shared_ptr<const TimeSource> time) {
    return [time](std::size_t count) { return run_engine(count, time); };
  };
  std::vector<Contender> contenders{
      {"oneTBB, each hop a task (its default)", peer({})},
      {"oneTBB, each hop a task, reading the clock as often as the engine", peer({.reads_clock = true})},
      {"oneTBB, a task a message, then `lightweight`", peer({.hand = Hand::task_then_calls})},
      {"oneTBB, a task a message, then `lightweight`, reading the clock as often",
       peer({.hand = Hand::task_then_calls, .reads_clock = true})},
      {"oneTBB, `lightweight`, all on the submitter's thread", peer({.hand = Hand::calls})},
      {"**the engine**", engine(nullptr)},
      {"the engine with a clock that costs nothing", engine(std::make_shared<StoppedClock>())},
  };
  if (thread_count() > 1) {  // with one thread it would be the submitter, which waits
    contenders.push_back({"oneTBB, each hop a task, in its default arena", peer({.joins_submitter = true})});
  }
  return contenders;
}

void compare(std::size_t messages, int repetitions) {
  auto contenders = all_contenders();
  for (auto& contender : contenders) contender.run(messages / 10);  // threads started, memory warm
  for (int round = 0; round < repetitions; ++round) {
    for (auto& contender : contenders) {
      const auto before = processor_seconds();
      contender.rates.push_back(contender.run(messages));
      contender.processor_ns.push_back((processor_seconds() - before) * 1e9 / static_cast<double>(messages));
      contender.ratios.push_back(contender.rates.back() / contenders.front().rates.back());
    }
  }
  std::printf(
      "| five hops of nothing, %d threads, %zu messages x %d | thousand messages/s: median (least - most) "
      "| of the first, same round: median (least - most) | processor ns/message: median "
      "|\n|---|--:|--:|--:|\n",
      thread_count(), messages, repetitions);
  for (const auto& [name, run, rates, processor_ns, ratios] : contenders) {
    const auto [least, most] = std::minmax_element(rates.begin(), rates.end());
    const auto [least_ratio, most_ratio] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf("| %s | %.0f (%.0f - %.0f) | %.2f (%.2f - %.2f) | %.0f |\n", name, median(rates) / 1e3,
                *least / 1e3, *most / 1e3, median(ratios), *least_ratio, *most_ratio, median(processor_ns));
  }
}

double resident_mib() {
  std::ifstream statm{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

void watch_memory(std::size_t messages) {
  Engine engine{five_hops(), options()};
  std::printf("| million messages | resident MiB |\n|--:|--:|\n| 0 | %.1f |\n", resident_mib());
  for (std::size_t i = 1; i <= messages; ++i) {
    Request request;
    request.text = kText;
    engine.submit(std::move(request), [](const Outcome&) {});
    if (i % 1'000'000 == 0) std::printf("| %zu | %.1f |\n", i / 1'000'000, resident_mib());
  }
  engine.drain();
  std::printf("| drained | %.1f |\n", resident_mib());
}

std::size_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

}  // namespace
}  // namespace slm::bench

int main(int count, char** arguments) {
  using namespace slm::bench;
  if (count > 1 && std::string_view{arguments[1]} == "--memory") {
    watch_memory(count > 2 ? number(arguments[2]) : 10'000'000);
  } else if (count > 2 && std::string_view{arguments[1]} == "--only") {
    all_contenders().at(number(arguments[2])).run(count > 3 ? number(arguments[3]) : 300'000);
  } else {
    compare(count > 1 ? number(arguments[1]) : 300'000,
            count > 2 ? static_cast<int>(number(arguments[2])) : 9);
  }
}
