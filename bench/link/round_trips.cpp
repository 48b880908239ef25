// Round trips over a link on loopback, and over a bare DEALER and ROUTER that echo the same frames.
//
//   link_round_trips [ROUND_TRIPS] [REPETITIONS]    a Markdown table
// What is durable is kept in the folder that SLM_BENCH_SPOOL names, or `link_round_trips.spool` here.
//
//   link_round_trips --only ROW [ROUND_TRIPS]       one row of it, for a profiler

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "graph/placement.h"
#include "graph/registry.h"
#include "nodes/builtin.h"
#include "nodes/link/key_files.h"
#include "nodes/link/process.h"

namespace slm::bench {
namespace {

constexpr std::size_t kPayload = 1024;  // bytes

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
const Registration<Nothing> nothing{"nothing", "does nothing"};

enum class Speech { plain, with_keys };

/// Keys of an edge and a cloud, in files that are removed at the end.
class Keys {
 public:
  static const Keys& instance() {
    static const Keys keys;
    return keys;
  }
  ~Keys() { std::filesystem::remove_all(folder); }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("link_round_trips." + std::to_string(std::random_device{}()));
  const link::SecretKey edge = link::new_secret_key();
  const link::SecretKey cloud = link::new_secret_key();

 private:
  Keys() {
    std::filesystem::create_directories(folder / "edges");
    link::write_secret_key(edge, folder / "edge.key", link::Overwrite::yes);
    link::write_secret_key(cloud, folder / "cloud.key", link::Overwrite::yes);
    link::write_public_key(cloud.public_key(), folder / "cloud.pub", link::Overwrite::yes);
    link::write_public_key(edge.public_key(), folder / "edges" / "edge.pub", link::Overwrite::yes);
  }
};

Pipeline pipeline(Speech speech) {
  const bool has_keys = speech == Speech::with_keys;
  const std::string edge = has_keys ? "secret_key: edge.key" : "";
  const std::string cloud =
      has_keys ? ", secret_key: cloud.key, public_key: cloud.pub, authorized_clients: edges" : "";
  return Pipeline::parse("pipeline: bench\nversion: 1\nentry: near\nprocesses:\n  edge: { " + edge +
                             " }\n  cloud: { listen: \"tcp://127.0.0.1:5555\"" + cloud + R"( }
nodes:
  near: { type: nothing, to: far }
  far: { type: nothing, on: cloud, on_unreachable: spool }
)",
                         (has_keys ? Keys::instance().folder : std::filesystem::path{}) / "bench.yaml");
}

link::ProcessOptions options_of(const std::string& name) {
  link::ProcessOptions options;
  options.name = name;
  options.listen = name == "cloud" ? "tcp://127.0.0.1:*" : "";
  return options;
}

Message message() {
  Message made;
  made.request.id = "request";
  made.request.text = std::string(kPayload, 'x');
  made.trace.push_back({.node = "far"});
  return made;
}

double rate(std::size_t count, Clock::time_point start) {
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - start).count();
}

/// The parts that a call has on the wire, sent to and fro by nothing but ZeroMQ.
double run_bare(std::size_t count, std::size_t in_flight, Speech speech) {
  Message carried = message();
  link::CarriedCall call = link::call_of(carried, 1, "edge");
  link::wire::CallsT calls;
  calls.calls.push_back(std::make_unique<link::wire::CallT>(call.header));
  const auto parts = link::encode(link::packet(std::move(calls), {call.text, call.answer}));

  zmq::context_t context;
  zmq::socket_t router{context, zmq::socket_type::router};
  router.set(zmq::sockopt::sndhwm, 0);
  router.set(zmq::sockopt::linger, 0);
  const Keys& keys = Keys::instance();
  if (speech == Speech::with_keys) {
    router.set(zmq::sockopt::curve_server, true);
    router.set(zmq::sockopt::curve_secretkey, keys.cloud.secret_text());
  }
  router.bind("tcp://127.0.0.1:*");
  std::thread server{[&router, count] {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<zmq::message_t> received;
      (void)zmq::recv_multipart(router, std::back_inserter(received));
      zmq::send_multipart(router, received);
    }
  }};
  zmq::socket_t dealer{context, zmq::socket_type::dealer};
  dealer.set(zmq::sockopt::linger, 0);
  if (speech == Speech::with_keys) {
    dealer.set(zmq::sockopt::curve_serverkey, keys.cloud.public_key().text());
    dealer.set(zmq::sockopt::curve_publickey, keys.edge.public_key().text());
    dealer.set(zmq::sockopt::curve_secretkey, keys.edge.secret_text());
  }
  dealer.connect(router.get(zmq::sockopt::last_endpoint));
  const auto send = [&] {
    std::vector<zmq::const_buffer> buffers;
    for (const auto& part : parts) buffers.emplace_back(part->data(), part->size());
    zmq::send_multipart(dealer, buffers);
  };
  const auto start = Clock::now();
  std::size_t sent = 0;
  for (; sent < std::min(in_flight, count); ++sent) send();
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<zmq::message_t> received;
    (void)zmq::recv_multipart(dealer, std::back_inserter(received));
    if (sent < count) {
      send();
      ++sent;
    }
  }
  const double result = rate(count, start);
  server.join();
  return result;
}

/// A folder for spools, emptied before each use.
std::filesystem::path spool_folder;

std::shared_ptr<link::Custody> new_custody(const Pipeline& read) {
  std::filesystem::remove_all(spool_folder);
  return link::Custody::open(spool_folder, read, "cloud", {});
}

/// Calls from one thread over a link to a graph that does nothing.
double run_link(std::size_t count, std::size_t in_flight, Speech speech, bool is_durable) {
  const Pipeline read = pipeline(speech);
  link::Process cloud{read, options_of("cloud")};
  link::ClientOptions options;
  options.process = "edge";
  options.callee = "cloud";
  options.connect = Endpoint::parse(cloud.address());
  options.connecting = link::connecting(read.spec(), *read.spec().process("edge"),
                                        *read.spec().process("cloud"), options.connect);
  options.pipeline_hash = placement_hash(read.spec());
  if (is_durable) {
    options.custody = new_custody(read);
    options.instance = options.custody->instance();
  }
  link::LinkClient client{read, options};

  std::promise<void> all;
  std::atomic<std::size_t> sent{0};
  std::atomic<std::size_t> ended{0};
  const std::string text(kPayload, 'x');
  std::function<void()> send = [&] {
    if (sent++ >= count) return;
    Message carried = message();
    link::OutgoingCall outgoing;
    outgoing.call = link::call_of(carried, 1, "edge");
    outgoing.waits = true;
    outgoing.is_durable = is_durable;
    outgoing.done = [&](const link::CallResult& result, const auto&) {
      if (!std::holds_alternative<link::Returned>(result)) std::abort();
      if (++ended == count) return all.set_value();
      send();
    };
    client.call(std::move(outgoing));
  };
  const auto start = Clock::now();
  for (std::size_t i = 0; i < in_flight; ++i) send();
  all.get_future().wait();
  return rate(count, start);
}

/// A pipeline of two processes, a graph on either side.
double run_pipeline(std::size_t count, std::size_t in_flight) {
  const Pipeline read = pipeline(Speech::plain);
  link::Process cloud{read, options_of("cloud")};
  auto edge_options = options_of("edge");
  edge_options.connect = {{"cloud", cloud.address()}};
  edge_options.graph.max_in_flight = in_flight;
  link::Process edge{read, edge_options};
  std::atomic<std::size_t> answered{0};
  const std::string text(kPayload, 'x');
  const auto start = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    Request request;
    request.text = text;
    edge.graph().submit(std::move(request),
                        [&](const Outcome& outcome) { answered += outcome.kind == OutcomeKind::answered; });
  }
  edge.graph().drain();
  if (answered != count) std::abort();
  return rate(count, start);
}

struct Contender {
  const char* name;
  std::size_t in_flight;
  std::function<double(std::size_t, std::size_t)> run;
  std::vector<double> rates{};
  std::vector<double> ratios{};  ///< to the bare echo before it, of the same round
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string spread(const std::vector<double>& values, const char* format) {
  char text[100];
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  std::snprintf(text, sizeof text, format, median(values), *least, *most);
  return text;
}

std::vector<Contender> contenders() {
  const auto bare = [](Speech speech) {
    return [speech](auto count, auto flight) { return run_bare(count, flight, speech); };
  };
  const auto over_link = [](Speech speech, bool is_durable) {
    return [=](auto count, auto flight) { return run_link(count, flight, speech, is_durable); };
  };
  std::vector<Contender> all;
  for (const std::size_t in_flight : {64U, 1U}) {
    all.push_back({"bare DEALER and ROUTER", in_flight, bare(Speech::plain)});
    all.push_back({"**a link**", in_flight, over_link(Speech::plain, false)});
    all.push_back({"a pipeline of two processes", in_flight, run_pipeline});
    all.push_back({"bare, with CURVE", in_flight, bare(Speech::with_keys)});
    all.push_back({"**a link with keys**", in_flight, over_link(Speech::with_keys, false)});
  }
  // As many as one commit of the disk should carry.
  all.push_back({"bare DEALER and ROUTER", 1024, bare(Speech::plain)});
  all.push_back({"**a durable link**", 1024, over_link(Speech::plain, true)});
  return all;
}

void print_table(std::size_t count, int repetitions) {
  auto all = contenders();
  for (int round = 0; round < repetitions; ++round) {
    double bare = 0;
    for (Contender& one : all) {
      const double found = one.run(one.in_flight == 1 ? count / 10 : count, one.in_flight);
      if (std::string_view{one.name}.starts_with("bare")) bare = found;
      one.rates.push_back(found);
      one.ratios.push_back(found / bare);
    }
  }
  std::printf(
      "| in flight | | round trips/s: median (least - most) | of the bare echo | microseconds each |\n");
  std::printf("|--:|---|--:|--:|--:|\n");
  for (const Contender& one : all)
    std::printf("| %zu | %s | %s | %s | %.0f |\n", one.in_flight, one.name,
                spread(one.rates, "%.0f (%.0f - %.0f)").c_str(),
                spread(one.ratios, "%.2f (%.2f - %.2f)").c_str(),
                1e6 / median(one.rates) * static_cast<double>(one.in_flight));
}

}  // namespace
}  // namespace slm::bench

int main(int argc, char** argv) {
  slm::register_builtin_nodes();
  const char* folder = std::getenv("SLM_BENCH_SPOOL");
  slm::bench::spool_folder = folder != nullptr ? folder : "link_round_trips.spool";
  if (argc > 2 && std::strcmp(argv[1], "--only") == 0) {
    const auto all = slm::bench::contenders();
    const auto& one = all.at(std::strtoul(argv[2], nullptr, 10));
    const std::size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 100'000;
    std::printf("%s, %zu in flight: %.0f round trips/s\n", one.name, one.in_flight,
                one.run(count, one.in_flight));
    return 0;
  }
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const int repetitions = argc > 2 ? std::atoi(argv[2]) : 7;
  slm::bench::print_table(count, repetitions);
}
