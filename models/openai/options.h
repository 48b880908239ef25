#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace slm {

/// A model behind an OpenAI-compatible HTTP API, and how it is talked to.
struct OpenAiOptions {
  enum class Api {
    chat,
    completions,
    embeddings  ///< of an `OpenAiEmbedder`, which sets it
  };
  enum class Server {
    openai,       ///< only what the API itself has: output formats by `response_format`
    llama_server  ///< llama.cpp's server: output formats by `grammar`, the one that the llama backend uses
  };
  enum class TokenLimit { max_tokens, max_completion_tokens };

  // Behaviour

  std::string url;    ///< the part before `/chat/completions`, as `https://host/v1`
  std::string model;  ///< as the server calls it
  Api api = Api::chat;
  Server server = Server::openai;

  /// Empty: none is sent. It appears in no error and no log.
  std::string api_key;
  /// Header that carries the key; `Authorization` has it after `Bearer `, every other as it is.
  std::string api_key_header = "Authorization";
  std::vector<std::pair<std::string, std::string>> headers;

  /// Certificates, in PEM, that the server's must be signed by; empty: the system's.
  std::filesystem::path ca_file;
  /// Allows `http://` beyond loopback.
  bool insecure = false;

  /// Whether log-probabilities are asked for; without them there is no evidence of tokens or choices.
  bool logprobs = true;
  /// Whether the answer comes token by token; without, a stalled server is noticed only by `timeout`.
  bool stream = true;
  /// Whether a JSON Schema is sent as `strict`, with which OpenAI holds to it but takes fewer schemas.
  bool strict = true;
  TokenLimit token_limit = TokenLimit::max_tokens;  ///< how the API calls it; newer ones want the second

  // Performance

  /// Requests under way together, each with a thread and a connection that is kept.
  int concurrency = 16;
  /// Tries after the first one where the server was out of reach or had no time (429, 5xx).
  int retries = 4;
  std::chrono::milliseconds timeout{60'000};          ///< of a request, all tries and pauses together
  std::chrono::milliseconds connect_timeout{10'000};  ///< of each address and of the TLS handshake
  std::chrono::milliseconds first_token_timeout{60'000};
  std::chrono::milliseconds token_timeout{15'000};  ///< between two tokens
};

}  // namespace slm
