#include "nodes/link/link_worker.h"

#include <pthread.h>

#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "nodes/link/graph_doer.h"
#include "nodes/link/greeting.h"
#include "nodes/link/link_client.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

const RoutingId kDispatcher = "dispatcher";  // the only peer there is

struct Finished {
  wire::CallId id;
  CarriedReply reply;
};
struct Leave {};
using Mail = std::variant<Finished, Leave>;

/// Greets as a worker; then the other side greets as a caller, and is answered by a `Callee`.
class WorkerSession : public Session {
 public:
  WorkerSession(const Pipeline& pipeline, const WorkerOptions& options, Doer& doer,
                std::function<void(Packet)> send)
      : pipeline_{pipeline},
        options_{options},
        send_{std::move(send)},
        callee_{pipeline_.spec(), options_.callee, doer,
                [this](const RoutingId&, Packet packet) { send_(std::move(packet)); }, options_.log} {}

  Callee& callee() { return callee_; }

  void connected(Clock::time_point /*now*/) override {
    wire::HelloT hello = hello_of(pipeline_.spec(), options_.callee.pipeline_hash);
    hello.process = hello.to = options_.callee.process;
    hello.role = wire::Role::worker;
    hello.instance_high = instance_.high;
    hello.instance_low = instance_.low;
    send_(packet(std::move(hello)));
  }

  void disconnected(Clock::time_point /*now*/) override {
    if (is_welcome()) options_.log("lost " + dispatcher() + "; trying again");
    callee_.lose(kDispatcher, true);
  }

  bool receive(Packet packet, Clock::time_point now) override {
    if (const auto* refused = packet.body.AsRefused()) {
      if (refused->refusal != wire::Refusal::no_session) explain(refused->reason);
      return false;
    }
    const bool was_welcome = is_welcome();
    callee_.receive(kDispatcher, "", std::move(packet), now);
    if (is_welcome() && !was_welcome) {
      options_.log("works for " + dispatcher());
      refusal_.clear();
    }
    return is_welcome();
  }

  void explain(const std::string& why) override {
    if (why != std::exchange(refusal_, why)) options_.log(dispatcher() + " refuses: " + why);
  }
  void complain(const std::string& why) override { callee_.complain(kDispatcher, why); }
  void flush(Clock::time_point now) override { callee_.flush(now); }
  bool tick(Clock::time_point now) override {
    const bool was_welcome = is_welcome();
    next_ = callee_.tick(now);
    return is_welcome() || !was_welcome;
  }
  Clock::time_point next(Clock::time_point now) const override {
    return std::min(next_, now + options_.callee.heartbeat / 2);
  }
  bool is_welcome() const override { return callee_.is_connected(kDispatcher); }

 private:
  std::string dispatcher() const {
    return "process `" + options_.callee.process + "` at " + options_.dialler.connect.text();
  }

  const Pipeline pipeline_;
  const WorkerOptions& options_;
  const std::function<void(Packet)> send_;
  const Instance instance_ = Instance::draw();
  Callee callee_;
  std::string refusal_;
  Clock::time_point next_{};
};

}  // namespace

class LinkWorker::Impl {
 public:
  Impl(const Pipeline& pipeline, WorkerOptions options, Graph& graph)
      : options_{std::move(options)},
        doer_{graph, pipeline,
              [mailbox = mailbox_](const wire::CallId& id, CarriedReply reply) {
                mailbox->post(Finished{id, std::move(reply)});
              }},
        session_{pipeline, options_, doer_, [this](Packet packet) { dialler_.send(std::move(packet)); }},
        dialler_{options_.dialler, session_} {
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() { finish(); }

  void leave() { mailbox_->post(Leave{}); }
  void finish() {
    leave();
    if (thread_.joinable()) thread_.join();
  }
  CalleeStats stats() const {
    const std::lock_guard lock{stats_mutex_};
    return stats_;
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "slm-link-worker");
    while (!is_leaving_ || !session_.callee().is_idle()) {
      if (mailbox_->is_empty()) dialler_.wait(mailbox_->descriptor());
      take_mail();
      dialler_.work();
      const std::lock_guard lock{stats_mutex_};
      stats_ = session_.callee().stats();
    }
  }

  void take_mail() {
    for (Mail& mail : mailbox_->take()) {
      if (auto* finished = std::get_if<Finished>(&mail))
        session_.callee().finished(finished->id, std::move(finished->reply));
      else if (!std::exchange(is_leaving_, true))
        session_.callee().leave("a worker of process `" + options_.callee.process + "` ends");
    }
  }

  const WorkerOptions options_;
  const std::shared_ptr<Mailbox<Mail>> mailbox_ = std::make_shared<Mailbox<Mail>>();
  GraphDoer doer_;
  WorkerSession session_;
  Dialler dialler_;
  bool is_leaving_ = false;
  mutable std::mutex stats_mutex_;
  CalleeStats stats_;
  std::thread thread_;
};

LinkWorker::LinkWorker(const Pipeline& pipeline, WorkerOptions options, Graph& graph)
    : impl_{std::make_unique<Impl>(pipeline, std::move(options), graph)} {}

LinkWorker::~LinkWorker() = default;

void LinkWorker::leave() {
  impl_->leave();
}

void LinkWorker::finish() {
  impl_->finish();
}

CalleeStats LinkWorker::stats() const {
  return impl_->stats();
}

}  // namespace slm::link
