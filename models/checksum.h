#pragma once

#include <filesystem>
#include <string>

namespace slm {

/// The file's XXH64 as 16 hexadecimal digits, as `xxhsum -H64` prints it. Fast (the disk is the limit) and
/// not cryptographic: it tells one model from another, it does not prove where it comes from. Throws
/// `ModelError` if the file cannot be read.
std::string file_checksum(const std::filesystem::path& file);

}  // namespace slm
