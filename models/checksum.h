#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace slm {

/// The file's XXH64 as 16 hexadecimal digits, as `xxhsum -H64` prints it. Fast (the disk is the limit) and
/// not cryptographic: it tells one model from another, it does not prove where it comes from. Throws
/// `ModelError` if the file cannot be read.
std::string file_checksum(const std::filesystem::path& file);

/// 16 hexadecimal digits.
std::string hexadecimal(std::uint64_t value);

/// The same of a text.
std::string text_checksum(std::string_view text);

}  // namespace slm
