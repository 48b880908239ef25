#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>

namespace slm::ngram {

/// Writes a file so that its name always leads to the old bytes or to the new ones, also after a power cut: a
/// temporary file beside it is written, synced, shown to `inspect`, and renamed. Where anything fails or
/// `inspect` throws, the old file stays and the temporary one is removed. A link goes on leading to the file.
///
/// Throws `std::system_error`, also where the name leads to something that is no regular file.
void replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes,
                  const std::function<void(const std::filesystem::path& temporary)>& inspect);

/// Throws what `replace_file` would throw as things stand: for a folder that is missing or cannot be written
/// to, a device, a pipe. To be asked before the work that makes the bytes.
void check_replaceable(const std::filesystem::path& file);

}  // namespace slm::ngram
