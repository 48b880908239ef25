#pragma once

#include <filesystem>
#include <optional>

#include "graph/pipeline.h"
#include "nodes/link/secure_socket.h"
#include "nodes/link/server_keys.h"

/// From what a pipeline says of a process to what its sockets need; the key files are read here, on the
/// machine that has them.
namespace slm::link {

/// For the process that listens.
struct Listening {
  ServerSecurity security;
  /// With a key: what its domain is to be admitted from, by `Authenticator::admit`.
  std::optional<std::filesystem::path> authorized_clients;
};

/// For the process that connects.
struct Connecting {
  std::optional<SecretKey> secret_key;
  std::optional<ServerKeys> server_keys;

  /// For the next attempt; after one that failed, `server_keys->advance()` comes first.
  ClientSecurity security() const;
};

/// For `process` to listen at an address, its own or one given in its place. Throws PipelineError with every
/// problem of its files, and where it would speak plain text to other machines and is not `insecure: true`.
Listening listening(const PipelineSpec& pipeline, const ProcessSpec& process, const Endpoint& at);

/// For `client` to connect to `server` at an address, its own or one given in its place. Throws as
/// `listening` does.
Connecting connecting(const PipelineSpec& pipeline, const ProcessSpec& client, const ProcessSpec& server,
                      const Endpoint& at);

}  // namespace slm::link
