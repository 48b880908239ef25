#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
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

/// What other threads hand to one that owns sockets, which is woken by the first of several.
template <class T>
class Mailbox {
 public:
  void post(T item) {
    bool is_first = false;
    {
      const std::lock_guard lock{mutex_};
      is_first = items_.empty();
      items_.push_back(std::move(item));
    }
    if (is_first) bell_.ring();
  }
  std::vector<T> take() {
    bell_.silence();
    const std::lock_guard lock{mutex_};
    return std::exchange(items_, {});
  }
  int descriptor() const { return bell_.descriptor(); }

 private:
  Bell bell_;
  std::mutex mutex_;
  std::vector<T> items_;
};

/// A ZeroMQ message of several parts, as it came.
class Parts {
 public:
  /// Empty where nothing is there to read.
  static std::optional<Parts> receive(zmq::socket_t& socket);

  std::vector<std::string_view> views(std::size_t from) const;
  std::string text(std::size_t part) const { return parts_.at(part).to_string(); }
  std::size_t size() const { return parts_.size(); }
  /// Whose key it came with; empty where keys are not used.
  std::optional<KnownClient> client() { return client_of(parts_.back()); }

 private:
  std::vector<zmq::message_t> parts_;
};

/// For frames of a header or a payload of so many bytes.
SocketLimits socket_limits(std::size_t max_payload);

/// Sends without copying. False where the peer is gone or its queue is full.
bool send(zmq::socket_t& socket, const std::string* peer, std::vector<Payload> parts);

}  // namespace slm::link
