#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "nodes/link/authenticator.h"
#include "nodes/link/secure_socket.h"
#include "nodes/link/wire.h"

namespace slm::link {

/// Makes `poll` of a thread that owns sockets return. `ring` may be called from any thread.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring();
  void silence();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// What threads hand to one that owns sockets, which is woken by the first of several. What that one posts
/// itself does not wake it: it is to look before it waits.
template <class T>
class Mailbox {
 public:
  void post(T item) {
    const std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    if (is_rung_ || std::this_thread::get_id() == reader_) return;
    is_rung_ = true;
    bell_.ring();
  }
  /// By the thread that owns the sockets, as `is_empty`.
  std::vector<T> take() {
    const std::lock_guard lock{mutex_};
    reader_ = std::this_thread::get_id();
    if (std::exchange(is_rung_, false)) bell_.silence();
    return std::exchange(items_, {});
  }
  bool is_empty() const {
    const std::lock_guard lock{mutex_};
    return items_.empty();
  }
  int descriptor() const { return bell_.descriptor(); }

 private:
  Bell bell_;
  mutable std::mutex mutex_;
  std::thread::id reader_;
  bool is_rung_ = false;
  std::vector<T> items_;
};

/// A ZeroMQ message of several parts, as it came.
class Parts {
 public:
  /// Empty where nothing is there to read.
  static std::optional<Parts> receive(zmq::socket_t& socket);

  /// Those from number `from` on. They share the whole message, which lives as long as any of them.
  std::vector<Payload> payloads(std::size_t from) const;
  std::string text(std::size_t part) const { return parts_->at(part).to_string(); }
  std::size_t size() const { return parts_->size(); }
  /// Whose key it came with; empty where keys are not used.
  std::optional<KnownClient> client() { return client_of(parts_->back()); }

 private:
  std::shared_ptr<std::vector<zmq::message_t>> parts_;
};

/// For frames of a header or a payload of so many bytes.
SocketLimits socket_limits(std::size_t max_payload);

/// Sends without copying. False where the peer is gone or its queue is full.
bool send(zmq::socket_t& socket, const std::string* peer, std::vector<Payload> parts);

}  // namespace slm::link
