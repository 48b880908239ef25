#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/link/curve_keys.h"
#include "nodes/link/small_file.h"

namespace slm::link {

/// What the file `edge.2026.pub` is for: the client `edge`. Empty where the file's name gives no client's.
std::string client_name(std::string_view file_name);

/// The names of the clients let in, by key.
using Clients = std::map<PublicKey, std::string>;

/// A folder whose `*.pub` files are the public keys of the clients let in, named by their files up to the
/// first dot, so that a client may have several.
///
/// Whatever else is in the folder is reported once and ignored; hidden files are ignored silently. A folder
/// that is missing, cannot be read or may be written by everyone lets nobody in. One thread at a time.
class AllowList {
 public:
  using Report = std::function<void(const std::string& message)>;

  /// Reads the folder.
  AllowList(std::filesystem::path folder, Report report);

  /// Reads what has changed. True where the clients are now others.
  bool refresh();
  /// The name of the client with that key. Looks whether its file is still as it was read, and refreshes
  /// where it is not, so that a key that was removed is never found.
  std::optional<std::string> find(const PublicKey& key);

  const std::filesystem::path& folder() const { return folder_; }
  const std::shared_ptr<const Clients>& clients() const { return clients_; }
  /// Entries of the folder that are no clients' keys.
  std::size_t ignored() const { return problems_.size(); }
  /// How long the last look at the folder took.
  std::chrono::nanoseconds refresh_cost() const { return refresh_cost_; }

 private:
  struct KeyFile {
    std::optional<FileStamp> stamp;
    std::int64_t read_at_ns = 0;
    std::string client;
    std::vector<PublicKey> keys;
    std::string problem;

    bool is_current(const std::filesystem::path& path) const;
  };
  using KeyFiles = std::map<std::string, KeyFile>;
  using Problems = std::map<std::string, std::string>;

  std::optional<std::vector<std::string>> file_names(Problems& problems) const;
  KeyFile read(const std::string& name) const;
  KeyFiles read_changed(const std::vector<std::string>& names, Problems& problems);
  void report_new(Problems problems);

  std::filesystem::path folder_;
  Report report_;
  KeyFiles files_;
  std::map<PublicKey, std::string> file_of_;
  std::shared_ptr<const Clients> clients_ = std::make_shared<Clients>();
  Problems problems_;  ///< as reported, by the name of the entry; of the folder itself under `.`
  std::chrono::nanoseconds refresh_cost_{0};
};

}  // namespace slm::link
