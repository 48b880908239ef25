#pragma once

#include <string>

#include "nodes/link/key_files.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {

/// A folder of authorized clients.
class KeyFolder : public TemporaryFolder {
 public:
  /// Puts a new client's public key into `NAME.pub`.
  link::SecretKey add(const std::string& name) const {
    const link::SecretKey key = link::new_secret_key();
    add(name, key);
    return key;
  }
  void add(const std::string& name, const link::SecretKey& key) const {
    link::write_public_key(key.public_key(), *this / (name + ".pub"), link::Overwrite::yes);
  }
  void remove(const std::string& name) const { std::filesystem::remove(*this / (name + ".pub")); }
};

}  // namespace slm::testing
