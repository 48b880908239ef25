#include "models/openai/batch/batch_api.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>

#include "models/openai/request_headers.h"
#include "models/replace_file.h"

namespace slm::openai {
namespace {

using nlohmann::json;

constexpr const char* kBoundary = "slm-graph-6d9f1c0b7a52e384";

/// Takes one response: what it holds to a function, and what an error says for itself.
class Download : public HttpReader {
 public:
  /// `write` says whether more is wanted.
  explicit Download(std::function<bool(std::string_view)> write) : write_(std::move(write)) {}

  bool head(const HttpHead& head) override {
    head_ = head;
    const bool is_plain = head.content_encoding.empty() || head.content_encoding == "identity";
    if (head.status == 200 && !is_plain)
      bad_ = "it answers in the encoding `" + head.content_encoding + "`, which was not asked for";
    return !bad_;
  }

  bool body(std::string_view bytes) override {
    constexpr std::size_t kLongestError = 64 << 10;
    if (head_.status == 200) return write_(bytes);
    error_ += bytes.substr(0, kLongestError - std::min(kLongestError, error_.size()));
    return error_.size() < kLongestError;
  }

  /// What is wrong, if anything is.
  std::optional<Trouble> finish(const HttpEnd& end) const {
    if (bad_) return Trouble{*bad_};
    if (head_.status != 0 && head_.status != 200) return refusal_of(head_, error_);
    if (end.kind == HttpEnd::Kind::complete) return std::nullopt;
    return Trouble{.reason = end.reason,
                   .may_pass = end.kind == HttpEnd::Kind::broken || end.kind == HttpEnd::Kind::not_connected,
                   .was_connection_stale = end.was_kept && head_.status == 0};
  }

 private:
  std::function<bool(std::string_view)> write_;
  HttpHead head_;
  std::string error_;
  std::optional<std::string> bad_;
};

template <class T, class Read>
Tried<T> read(Tried<std::string> text, const Read& read_text) {
  if (auto* trouble = std::get_if<Trouble>(&text)) return std::move(*trouble);
  try {
    return read_text(std::get<std::string>(text));
  } catch (const BadReply& error) {
    return Trouble{error.what()};
  }
}

std::string part(const std::string& disposition, const std::string& type = "") {
  return "--" + std::string(kBoundary) + "\r\nContent-Disposition: form-data; " + disposition + "\r\n" +
         type + "\r\n";
}

}  // namespace

BatchApi::BatchApi(const OpenAiOptions& options)
    : base_(Endpoint::parse(options.url).path),
      endpoint_(options.api == OpenAiOptions::Api::chat ? "/v1/chat/completions" : "/v1/completions"),
      headers_(request_headers(options, "application/json", "*/*")),
      upload_headers_(request_headers(
          options, std::string("multipart/form-data; boundary=").append(kBoundary), "application/json")),
      connection_(Endpoint::parse(options.url), options) {}

template <class Send>
Tried<std::string> BatchApi::text_after(const Send& send) {
  constexpr std::size_t kLongest = 16 << 20;
  for (bool may_be_stale = true;; may_be_stale = false) {
    std::string text;
    Download answer([&](std::string_view bytes) {
      text += bytes;
      return text.size() < kLongest;
    });
    const HttpEnd end = send(answer);
    auto trouble = answer.finish(end);
    if (!trouble) return text;
    // The server had closed the connection while it was idle.
    if (!trouble->was_connection_stale || !may_be_stale) return std::move(*trouble);
  }
}

Tried<std::string> BatchApi::upload(const std::filesystem::path& file) {
  const HttpUpload upload{part("name=\"purpose\"") + "batch\r\n" +
                              part("name=\"file\"; filename=\"" + file.filename().string() + '"',
                                   "Content-Type: application/jsonl\r\n"),
                          file, std::string("\r\n--").append(kBoundary).append("--\r\n")};
  return read<std::string>(text_after([&](HttpReader& reader) {
                             return connection_.post(base_ + "/files", upload_headers_, upload, reader);
                           }),
                           read_file_id);
}

Tried<BatchStatus> BatchApi::start(const std::string& input_file, const std::string& window,
                                   const std::string& key) {
  const json batch{{"input_file_id", input_file},
                   {"endpoint", endpoint_},
                   {"completion_window", window},
                   {"metadata", {{kBatchKey, key}}}};
  // Not sent again by itself, for it may have begun a batch: so whether the connection was stale is not
  // asked.
  std::string text;
  Download answer([&](std::string_view bytes) {
    text += bytes;
    return true;
  });
  const HttpEnd end = connection_.post(base_ + "/batches", headers_, batch.dump(), answer);
  if (auto trouble = answer.finish(end)) return std::move(*trouble);
  return read<BatchStatus>(std::move(text), read_batch_status);
}

Tried<BatchStatus> BatchApi::look(const std::string& batch) {
  return read<BatchStatus>(text_after([&](HttpReader& reader) {
                             return connection_.get(base_ + "/batches/" + batch, headers_, reader);
                           }),
                           read_batch_status);
}

Tried<BatchStatus> BatchApi::cancel(const std::string& batch) {
  return read<BatchStatus>(text_after([&](HttpReader& reader) {
                             return connection_.post(base_ + "/batches/" + batch + "/cancel", headers_,
                                                     std::string(), reader);
                           }),
                           read_batch_status);
}

Tried<BatchPage> BatchApi::list(const std::string& after) {
  const std::string path = base_ + "/batches?limit=100" + (after.empty() ? "" : "&after=" + after);
  return read<BatchPage>(
      text_after([&](HttpReader& reader) { return connection_.get(path, headers_, reader); }),
      read_batch_page);
}

Tried<std::monostate> BatchApi::download(const std::string& file, const std::filesystem::path& target) {
  for (bool may_be_stale = true;; may_be_stale = false) {
    FileReplacement replacement(target);
    std::optional<std::system_error> disk_error;
    Download answer([&](std::string_view bytes) {
      try {
        replacement.write(std::as_bytes(std::span(bytes)));
      } catch (const std::system_error& error) {
        disk_error = error;
      }
      return !disk_error;
    });
    const HttpEnd end = connection_.get(base_ + "/files/" + file + "/content", headers_, answer);
    if (disk_error) throw std::system_error(*disk_error);
    const auto trouble = answer.finish(end);
    if (!trouble) {
      replacement.finish();
      return std::monostate{};
    }
    if (!trouble->was_connection_stale || !may_be_stale) return *trouble;
  }
}

}  // namespace slm::openai
