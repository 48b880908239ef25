#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/openai/endpoint.h"
#include "models/openai/options.h"

namespace slm::openai {

/// The front of a response.
struct HttpHead {
  int status = 0;
  std::string content_type;      ///< lower case, without parameters
  std::string content_encoding;  ///< lower case
  std::string retry_after;
  std::string date;
};

/// Takes a response as it comes in; must not throw.
class HttpReader {
 public:
  virtual ~HttpReader() = default;
  /// False: the rest is not wanted.
  virtual bool head(const HttpHead& head) = 0;
  virtual bool body(std::string_view bytes) = 0;
};

/// How a request ended.
struct HttpEnd {
  enum class Kind {
    complete,
    stopped,        ///< by the reader
    not_connected,  ///< nothing was sent
    not_trusted,    ///< the server's certificate; nothing was sent
    broken          ///< the connection, or what came over it
  };
  Kind kind = Kind::complete;
  std::string reason;  ///< in words, where it is not complete
  /// The connection had served before: the server may have closed it just when it was used again.
  bool was_kept = false;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// A body that is not held in memory: what is in the file, between two texts.
struct HttpUpload {
  std::string before;
  std::filesystem::path file;
  std::string after;
};

/// In the calling thread: a peer that closes a connection under a write would end the process, and OpenSSL
/// cannot be told otherwise.
void block_sigpipe();

/// A connection to one server, kept between requests and made anew where it broke. TLS is always verified,
/// redirects are not followed, and proxies are not used.
class HttpConnection {
 public:
  /// Connects to nothing yet. Certificates that cannot be read make every request end `not_trusted`.
  HttpConnection(const Endpoint& endpoint, const OpenAiOptions& options);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// One thread at a time, in which SIGPIPE is blocked. Never throws.
  HttpEnd post(const std::string& path, const HttpHeaders& headers, const std::string& body,
               HttpReader& reader);

  /// Likewise.
  HttpEnd get(const std::string& path, const HttpHeaders& headers, HttpReader& reader);
  /// Likewise; a file that cannot be read ends it `broken`.
  HttpEnd post(const std::string& path, const HttpHeaders& headers, const HttpUpload& upload,
               HttpReader& reader);

  /// Closes the connection under a request, which then ends soon; any thread. A connection that is not made
  /// yet stays untouched, so it is called again until the request has ended.
  void abort();

 private:
  class Client;  // hides a heavy header
  std::unique_ptr<Client> client_;
};

}  // namespace slm::openai
