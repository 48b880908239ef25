#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace slm::testing {

/// One connection of a client, as the server sees it, with a request read from it.
class Visit {
 public:
  Visit(int socket, std::atomic<bool>& is_stopped) : socket_(socket), is_stopped_(is_stopped) {}

  int number = 0;       ///< of the request, from 0
  std::string headers;  ///< request line and headers, as they came
  std::string body;

  /// As it is, at once, though the client may be gone.
  void send(std::string_view bytes);
  /// A whole response with its length.
  void respond(const std::string& status, const std::string& headers, const std::string& body);
  /// The front of a response whose body comes in chunks.
  void begin(const std::string& content_type = "text/event-stream");
  /// A chunk of that body; an empty one ends it.
  void chunk(const std::string& bytes);
  /// A chunk that holds one event.
  void event(const std::string& data) { chunk("data: " + data + "\n\n"); }
  /// Returns when the client has closed the connection, or the server is stopped.
  void wait_until_closed();
  bool is_closed() const { return is_closed_; }
  /// Makes this the last request of the connection.
  void hang_up() { is_closed_ = true; }

  /// Reads the next request; false: the client is gone.
  bool read();

 private:
  bool receive();

  int socket_;
  std::atomic<bool>& is_stopped_;
  std::string received_;
  bool is_closed_ = false;
};

/// A real HTTP server on loopback that does what a test wants with each byte, many connections together.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(Visit&)> serve);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  int requests() const { return requests_; }
  int connections() const { return connections_; }
  int most_at_once() const { return most_at_once_; }
  /// Waits until the clients have closed all their connections; false where they do not within a minute.
  bool is_left();
  /// Of the last request that came.
  std::string headers() const;
  std::string body() const;

 private:
  void accept();
  void serve(int socket);

  std::function<void(Visit&)> serve_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<int> requests_ = 0, connections_ = 0, at_once_ = 0, most_at_once_ = 0;
  mutable std::mutex mutex_;
  std::string headers_, body_;      // guarded by mutex_
  std::list<std::thread> threads_;  // guarded by mutex_
  std::vector<int> sockets_;        // guarded by mutex_
  std::condition_variable closed_;
  std::thread acceptor_;
};

/// A port of loopback on which nobody listens.
int free_port();

}  // namespace slm::testing
