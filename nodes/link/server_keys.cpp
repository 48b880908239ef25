#include "nodes/link/server_keys.h"

#include <algorithm>
#include <utility>

#include "nodes/link/key_files.h"

namespace slm::link {

ServerKeys::ServerKeys(std::filesystem::path file) : file_{std::move(file)}, keys_{read_public_keys(file_)} {}

void ServerKeys::advance() {
  const PublicKey tried = current();
  try {
    keys_ = read_public_keys(file_);
  } catch (const KeyError&) {
    // It may be in the middle of being replaced.
  }
  const auto found = std::find(keys_.begin(), keys_.end(), tried);
  position_ = found == keys_.end() ? 0 : static_cast<std::size_t>(found - keys_.begin() + 1) % keys_.size();
}

}  // namespace slm::link
