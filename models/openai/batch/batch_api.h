#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "models/openai/batch/batch_status.h"
#include "models/openai/endpoint.h"
#include "models/openai/http_connection.h"
#include "models/openai/options.h"
#include "models/openai/refusal.h"

namespace slm::openai {

/// What came of a request, or why nothing did.
template <class T>
using Tried = std::variant<T, Trouble>;

/// The part of the API that has batches and files. Each function is one request, which waits for the server;
/// one thread, in which SIGPIPE is blocked.
class BatchApi {
 public:
  explicit BatchApi(const OpenAiOptions& options);

  /// The path that requests of a batch go to, as the API names it: `/v1/chat/completions`.
  const std::string& endpoint() const { return endpoint_; }

  /// Sends the file of a batch, and gives the server's name for it.
  Tried<std::string> upload(const std::filesystem::path& file);
  Tried<BatchStatus> start(const std::string& input_file, const std::string& window, const std::string& key);
  Tried<BatchStatus> look(const std::string& batch);
  Tried<BatchStatus> cancel(const std::string& batch);
  /// `after`: the last batch of the page before; empty: the first page.
  Tried<BatchPage> list(const std::string& after);
  /// Writes a file of the server to `target`, which has all of it or is not there. Throws std::system_error
  /// where the disk does not take it.
  Tried<std::monostate> download(const std::string& file, const std::filesystem::path& target);

  /// As `HttpConnection::abort`.
  void abort() { connection_.abort(); }

 private:
  template <class Send>
  Tried<std::string> text_after(const Send& send);

  std::string base_;  // path of the API
  std::string endpoint_;
  HttpHeaders headers_;
  HttpHeaders upload_headers_;
  HttpConnection connection_;
};

}  // namespace slm::openai
