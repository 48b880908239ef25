#include "models/openai/http_connection.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <fstream>
#include <mutex>

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "cpp-httplib is needed with OpenSSL: models are asked over TLS"
#endif

namespace slm::openai {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

HttpHead head_of(const httplib::Response& response) {
  HttpHead head;
  head.status = response.status;
  head.content_type = lower(response.get_header_value("Content-Type"));
  head.content_type.resize(std::min(head.content_type.find_first_of("; "), head.content_type.size()));
  head.content_encoding = lower(response.get_header_value("Content-Encoding"));
  head.retry_after = response.get_header_value("Retry-After");
  head.date = response.get_header_value("Date");
  return head;
}

HttpEnd end_of(httplib::Error error) {
  using Kind = HttpEnd::Kind;
  switch (error) {
    case httplib::Error::Canceled:
      return {Kind::stopped, "the rest was not wanted"};
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      return {Kind::not_connected, "it cannot be connected to"};
    case httplib::Error::ConnectionTimeout:
      return {Kind::not_connected, "it does not accept the connection in time"};
    case httplib::Error::SSLConnection:
      return {Kind::not_connected, "the TLS handshake failed"};
    case httplib::Error::SSLLoadingCerts:
      return {Kind::not_trusted, "the certificates to check it by cannot be read"};
    case httplib::Error::SSLServerVerification:
      return {Kind::not_trusted,
              "its certificate is not signed by a trusted authority, not valid now, or for another name"};
    default:
      return {Kind::broken, "the connection broke before the answer was complete"};
  }
}

httplib::Request request_of(const char* method, const std::string& path) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  return request;
}

/// Has the parts of a body sent one after the other, of the file a little at a time.
void attach(httplib::Request& request, const HttpUpload& upload) {
  std::error_code error;
  const auto size = std::filesystem::file_size(upload.file, error);
  const auto stream = std::make_shared<std::ifstream>(upload.file, std::ios::binary);
  request.content_length_ = upload.before.size() + (error ? 0 : size) + upload.after.size();
  request.content_provider_ = [&upload, stream, file_end = upload.before.size() + size](
                                  std::size_t offset, std::size_t, httplib::DataSink& sink) {
    if (!stream->is_open()) return false;
    if (offset < upload.before.size())
      return sink.write(upload.before.data() + offset, upload.before.size() - offset);
    if (offset >= file_end)
      return sink.write(upload.after.data() + (offset - file_end), upload.after.size() - (offset - file_end));
    std::array<char, 1U << 16U> chunk{};
    stream->seekg(static_cast<std::streamoff>(offset - upload.before.size()));
    stream->read(chunk.data(), static_cast<std::streamsize>(std::min(chunk.size(), file_end - offset)));
    return stream->gcount() > 0 && sink.write(chunk.data(), static_cast<std::size_t>(stream->gcount()));
  };
}

/// A second handle of a socket, with which it can be shut down whatever its owner does with the first.
class SocketHandle {
 public:
  SocketHandle() = default;
  ~SocketHandle() { close(); }
  SocketHandle(const SocketHandle&) = delete;
  SocketHandle& operator=(const SocketHandle&) = delete;

  void take(int socket) {
    close();
    handle_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  }
  void shut_down() const {
    if (handle_ >= 0) ::shutdown(handle_, SHUT_RDWR);
  }
  void close() {
    if (handle_ >= 0) ::close(handle_);
    handle_ = -1;
  }

 private:
  int handle_ = -1;
};

}  // namespace

void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

class HttpConnection::Client {
 public:
  Client(const Endpoint& endpoint, const OpenAiOptions& options) {
    if (endpoint.is_tls) {
      auto client = std::make_unique<httplib::SSLClient>(endpoint.host, endpoint.port);
      if (!options.ca_file.empty()) client->set_ca_cert_path(options.ca_file.string());
      client->enable_server_certificate_verification(true);
      http_ = std::move(client);
    } else {
      http_ = std::make_unique<httplib::ClientImpl>(endpoint.host, endpoint.port);
    }
    http_->set_keep_alive(true);
    http_->set_follow_location(false);
    http_->set_decompress(false);
    // Head and body of a request are written one after the other, and the second would wait for the first to
    // be acknowledged.
    http_->set_tcp_nodelay(true);
    http_->set_url_encode(false);
    http_->set_connection_timeout(options.connect_timeout);
    // Who waits for the answer closes the connection in time; these only must not come before.
    http_->set_read_timeout(options.timeout + std::chrono::minutes{1});
    http_->set_write_timeout(options.timeout + std::chrono::minutes{1});
    http_->set_socket_options([this](int socket) {
      const std::lock_guard lock(mutex_);
      socket_.take(socket);
      is_fresh_ = true;
    });
  }

  HttpEnd send(httplib::Request request, const HttpHeaders& headers, HttpReader& reader) {
    is_fresh_ = false;
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    request.response_handler = [&](const httplib::Response& response) {
      return reader.head(head_of(response));
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      return reader.body({data, size});
    };
    HttpEnd end;
    try {
      httplib::Response response;
      httplib::Error error = httplib::Error::Success;
      if (!http_->send(request, response, error)) end = end_of(error);
    } catch (const std::exception&) {
      end = {HttpEnd::Kind::broken, "its answer is no HTTP"};  // as a chunk whose size is no number
    }
    end.was_kept = !is_fresh_;
    if (http_->is_socket_open() == 0) {
      const std::lock_guard lock(mutex_);
      socket_.close();
    }
    return end;
  }

  void abort() {
    const std::lock_guard lock(mutex_);
    socket_.shut_down();
  }

 private:
  std::unique_ptr<httplib::ClientImpl> http_;
  std::mutex mutex_;
  SocketHandle socket_;    // guarded by mutex_
  bool is_fresh_ = false;  // the socket was made for this request
};

HttpConnection::HttpConnection(const Endpoint& endpoint, const OpenAiOptions& options)
    : client_(std::make_unique<Client>(endpoint, options)) {}

HttpConnection::~HttpConnection() = default;

HttpEnd HttpConnection::post(const std::string& path, const HttpHeaders& headers, const std::string& body,
                             HttpReader& reader) {
  httplib::Request request = request_of("POST", path);
  request.body = body;
  return client_->send(std::move(request), headers, reader);
}

HttpEnd HttpConnection::get(const std::string& path, const HttpHeaders& headers, HttpReader& reader) {
  return client_->send(request_of("GET", path), headers, reader);
}

HttpEnd HttpConnection::post(const std::string& path, const HttpHeaders& headers, const HttpUpload& upload,
                             HttpReader& reader) {
  httplib::Request request = request_of("POST", path);
  attach(request, upload);
  return client_->send(std::move(request), headers, reader);
}

void HttpConnection::abort() {
  client_->abort();
}

}  // namespace slm::openai
