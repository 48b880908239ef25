#include <gmock/gmock.h>
#include <httplib.h>

#include <cstdlib>
#include <filesystem>

#include "tests/models/openai/ask.h"

namespace slm::openai {
namespace {

using ::testing::HasSubstr;

/// A certificate that is signed by itself, and its key.
class Certificate {
 public:
  explicit Certificate(const std::string& name) {
    std::string folder = (std::filesystem::temp_directory_path() / "slm-test-tls-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test "
        "-addext subjectAltName=" +
        name + " -keyout " + key().string() + " -out " + file().string() + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
  }
  ~Certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::filesystem::path file() const { return folder_ / "certificate.pem"; }
  std::filesystem::path key() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

/// A server with TLS that answers every chat.
class TlsServer {
 public:
  explicit TlsServer(const Certificate& certificate)
      : server_(certificate.file().c_str(), certificate.key().c_str()) {
    server_.Post("/v1/chat/completions", [this](const httplib::Request&, httplib::Response& response) {
      ++requests_;
      response.set_content(
          R"({"choices":[{"message":{"content":"Hello"},"finish_reason":"stop","index":0}]})",
          "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~TlsServer() {
    server_.stop();
    thread_.join();
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  OpenAiOptions options() const {
    OpenAiOptions options = options_for("https://127.0.0.1:" + std::to_string(port_) + "/v1");
    options.concurrency = 1;
    return options;
  }
  int requests() const { return requests_; }

 private:
  httplib::SSLServer server_;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

TEST(OpenAiTls, RefusesACertificateThatNobodyTrusted) {
  const Certificate certificate("IP:127.0.0.1");
  TlsServer server(certificate);
  OpenAiOptions options = server.options();
  options.retries = 3;
  EXPECT_THAT(reason_of(answer_of(options)),
              HasSubstr("its certificate is not signed by a trusted authority"));
  EXPECT_EQ(server.requests(), 0);
}

TEST(OpenAiTls, TakesACertificateThatTheCaFileVouchesFor) {
  const Certificate certificate("IP:127.0.0.1");
  TlsServer server(certificate);
  OpenAiOptions options = server.options();
  options.ca_file = certificate.file();
  OpenAiModel model(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(taken(ask(model, {.prompt = "Hi"}))), "Hello");
  EXPECT_EQ(server.requests(), 3);
}

TEST(OpenAiTls, RefusesACertificateOfAnotherName) {
  const Certificate certificate("DNS:example.org");
  TlsServer server(certificate);
  OpenAiOptions options = server.options();
  options.ca_file = certificate.file();
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("or for another name"));
  EXPECT_EQ(server.requests(), 0);
}

TEST(OpenAiTls, RefusesACertificateThatAnotherAuthoritySigned) {
  const Certificate certificate("IP:127.0.0.1"), other("IP:127.0.0.1");
  TlsServer server(certificate);
  OpenAiOptions options = server.options();
  options.ca_file = other.file();
  EXPECT_THAT(reason_of(answer_of(options)), HasSubstr("its certificate is not signed"));
  EXPECT_EQ(server.requests(), 0);
}

TEST(OpenAiTls, RefusesAFileWithoutCertificates) {
  const Certificate certificate("IP:127.0.0.1");
  OpenAiOptions options = options_for("https://127.0.0.1/v1");
  options.ca_file = certificate.key();
  EXPECT_THROW(open_openai(options), ModelError);
  options.ca_file = "/no/such/file";
  EXPECT_THROW(open_openai(options), ModelError);
}

}  // namespace
}  // namespace slm::openai
