#include "nodes/link/link_client.h"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "nodes/link/caller.h"
#include "nodes/link/custody.h"
#include "nodes/link/dialler.h"
#include "nodes/link/socket.h"

namespace slm::link {
namespace {

constexpr std::size_t kBusy = 8;  ///< calls that are open

struct Leave {};
using Mail = std::variant<OutgoingCall, Leave>;

DiallerOptions dialler_options(const ClientOptions& options) {
  return {.connect = options.connect,
          .connecting = options.connecting,
          .first_retry = options.first_retry,
          .last_retry = options.last_retry,
          .patience = options.out_of_reach,
          .compress_above = options.compress_above,
          .max_payload = options.max_payload};
}

}  // namespace

class LinkClient::Impl {
 public:
  Impl(const Pipeline& pipeline, ClientOptions options)
      : options_{std::move(options)},
        caller_{pipeline, options_, [this](Packet packet) { dialler_.send(std::move(packet)); }},
        dialler_{dialler_options(options_), caller_} {
    thread_ = std::thread{[this] { run(); }};
  }

  ~Impl() {
    mailbox_->post(Leave{});
    thread_.join();
  }

  void call(OutgoingCall call) {
    if (!options_.custody || !call.is_durable) {
      call.key = {0, ++sequence_};  // no spool has an epoch of 0
      return mailbox_->post(std::move(call));
    }
    if (const auto key = options_.custody->key_of(call)) {
      call.key = *key;
      return mailbox_->post(std::move(call));
    }
    options_.custody->keep(
        std::move(call), [mailbox = mailbox_](OutgoingCall kept, const std::optional<std::string>& problem) {
          if (!problem) return mailbox->post(std::move(kept));
          kept.done(CallFailed{"it cannot be spooled: " + *problem}, std::move(kept.receipts));
        });
  }

  ClientStats stats() const {
    const std::lock_guard lock{stats_mutex_};
    return stats_;
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "slm-link-client");
    while (!is_leaving_) {
      if (mailbox_->is_empty()) dialler_.wait(mailbox_->descriptor());
      // One commit of the spool keeps many calls: a fuller packet costs less than another one.
      if (options_.custody && caller_.open() >= kBusy) std::this_thread::yield();
      take_mail();
      // Calls that replies led to are on their way before the next replies are read.
      dialler_.work([this] {
        take_mail();
        caller_.send_full_packets(Clock::now());
      });
      note_stats();
    }
    caller_.leave();
    note_stats();
  }

  void take_mail() {
    for (Mail& mail : mailbox_->take()) {
      if (auto* call = std::get_if<OutgoingCall>(&mail))
        caller_.add(std::move(*call));
      else
        is_leaving_ = true;
    }
  }

  void note_stats() {
    const std::lock_guard lock{stats_mutex_};
    stats_ = caller_.stats();
  }

  const ClientOptions options_;
  std::atomic<std::uint64_t> sequence_{0};
  const std::shared_ptr<Mailbox<Mail>> mailbox_ = std::make_shared<Mailbox<Mail>>();
  Caller caller_;
  Dialler dialler_;
  bool is_leaving_ = false;
  mutable std::mutex stats_mutex_;
  ClientStats stats_;
  std::thread thread_;
};

LinkClient::LinkClient(const Pipeline& pipeline, ClientOptions options)
    : impl_{std::make_unique<Impl>(pipeline, std::move(options))} {}

LinkClient::~LinkClient() = default;

void LinkClient::call(OutgoingCall call) {
  impl_->call(std::move(call));
}

ClientStats LinkClient::stats() const {
  return impl_->stats();
}

}  // namespace slm::link
