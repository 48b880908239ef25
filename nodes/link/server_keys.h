#pragma once

#include <filesystem>
#include <vector>

#include "nodes/link/curve_keys.h"

namespace slm::link {

/// The keys by which a client may find its server, of a file of public keys. While a server's key is being
/// changed the file holds the old one and the new one, and the client tries them in turn; CURVE itself knows
/// one key at a time. One thread at a time.
class ServerKeys {
 public:
  /// Begins with the first key of the file. Throws KeyError.
  explicit ServerKeys(std::filesystem::path file);

  const PublicKey& current() const { return keys_[position_]; }
  /// After an attempt with the current key has failed: reads the file again, and goes on to the key after the
  /// current one, or the first. A file that is no longer good leaves the keys as they were.
  void advance();

 private:
  std::filesystem::path file_;
  std::vector<PublicKey> keys_;
  std::size_t position_ = 0;
};

}  // namespace slm::link
