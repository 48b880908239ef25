#include "nodes/link/process_security.h"

#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nodes/link/key_files.h"

namespace slm::link {
namespace {

/// The loader has looked at the pipeline's own addresses; others may have been given on the command line.
void check_plain_text(const ProcessSpec& listener, const Endpoint& at, const PipelineSpec& pipeline,
                      std::vector<Problem>& problems) {
  if (listener.secret_key || listener.insecure || at.is_local()) return;
  problems.push_back({pipeline.file, listener.place,
                      "process `" + listener.name + "` would speak plain text at `" + at.text() +
                          "`, where other machines reach it; expected keys, or `insecure: true`"});
}

/// Runs what reads a key's file, and turns its error into a problem at the place that names the file.
template <class Path, class Read>
auto read_named(const std::string& key, const Path& named, const PipelineSpec& pipeline, Read read,
                std::vector<Problem>& problems) -> std::optional<decltype(read(named.path))> {
  try {
    return read(named.path.lexically_normal());
  } catch (const KeyError& error) {
    problems.push_back({pipeline.file, named.place, "`" + key + "`: " + error.what()});
    return std::nullopt;
  }
}

std::optional<SecretKey> secret_key(const ProcessSpec& process, const PipelineSpec& pipeline,
                                    std::vector<Problem>& problems) {
  if (!process.secret_key) return std::nullopt;
  return read_named("secret_key", *process.secret_key, pipeline, read_secret_key, problems);
}

}  // namespace

Listening listening(const PipelineSpec& pipeline, const ProcessSpec& process, const Endpoint& at) {
  std::vector<Problem> problems;
  check_plain_text(process, at, pipeline, problems);
  Listening result;
  result.security.secret_key = secret_key(process, pipeline, problems);
  // One socket can bind an address, so that it tells the servers of a context apart.
  result.security.domain = at.text();
  if (const auto& folder = process.authorized_clients) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder->path, ignored))
      problems.push_back({pipeline.file, folder->place,
                          "`authorized_clients`: " + folder->path.lexically_normal().string() +
                              " is no folder; expected one with the public keys of those let in"});
    result.authorized_clients = folder->path;
  }
  if (!problems.empty()) throw PipelineError{std::move(problems)};
  return result;
}

Connecting connecting(const PipelineSpec& pipeline, const ProcessSpec& client, const ProcessSpec& server,
                      const Endpoint& at) {
  std::vector<Problem> problems;
  check_plain_text(server, at, pipeline, problems);
  Connecting result;
  if (server.secret_key) {
    result.secret_key = secret_key(client, pipeline, problems);
    const auto read_server_keys = [](const std::filesystem::path& file) { return ServerKeys{file}; };
    result.server_keys =
        read_named("public_key", server.public_key.value(), pipeline, read_server_keys, problems);
  }
  if (!problems.empty()) throw PipelineError{std::move(problems)};
  return result;
}

ClientSecurity Connecting::security() const {
  ClientSecurity security{.secret_key = secret_key};
  if (server_keys) security.server_key = server_keys->current();
  return security;
}

}  // namespace slm::link
