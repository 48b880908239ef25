#pragma once

#include <filesystem>
#include <string>

namespace slm {

/// Identifies a file's content: 16 hexadecimal digits. Fast (the disk is the limit) and not cryptographic: it
/// tells one model from another, it does not prove where it comes from. Throws `ModelError` if the file
/// cannot be read.
///
/// The file is taken as little-endian 64-bit words, the last one filled up with zeros. Word i goes into lane
/// i mod 4: lane = rotate_left(lane ^ word, 29) · 0x9E3779B97F4A7C15, from lane = its number. Lanes and the
/// file's size in bytes are then combined the same way into one word, whose bits are mixed by splitmix64's
/// finaliser.
std::string file_checksum(const std::filesystem::path& file);

}  // namespace slm
