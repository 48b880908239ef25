#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "nodes/link/curve_keys.h"
#include "nodes/link/key_error.h"
#include "nodes/link/small_file.h"

/// Files that hold keys.
///
/// Ours are text: a key on a line of its own, and comments, which begin with `#`, as no key does. The first
/// comment says which kind of key it is. A public key's file may hold several, for the time in which one
/// takes the place of another. Certificates as czmq and pyzmq write them (ZPL: a section `curve` with
/// `public-key = "…"` and `secret-key = "…"`) are read too.
namespace slm::link {

/// Refuses a file that anyone but its owner may read or write. Throws KeyError.
SecretKey read_secret_key(const std::filesystem::path& file);

/// One key or more, none twice, in the file's order. Throws KeyError.
std::vector<PublicKey> read_public_keys(const std::filesystem::path& file);
/// As above, of a file's text; `file` names it in messages.
std::vector<PublicKey> parse_public_keys(std::string_view text, const std::filesystem::path& file);

/// A longer file holds something else.
inline constexpr std::size_t kMaxKeyFileBytes = std::size_t{16} * 1024;

/// Only its owner can read the file, at no moment anyone else. Throws KeyError.
void write_secret_key(const SecretKey& key, const std::filesystem::path& file, Overwrite overwrite);
void write_public_key(const PublicKey& key, const std::filesystem::path& file, Overwrite overwrite);

}  // namespace slm::link
