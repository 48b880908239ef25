#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>

namespace slm::ngram {

/// Writes a file so that its name always leads to the old bytes or to the new ones, also after a power cut: a
/// temporary file beside it is written, synced, shown to `inspect`, and renamed. Where anything fails or
/// `inspect` throws, the old file stays and the temporary one is removed.
///
/// Throws `std::system_error`.
void replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes,
                  const std::function<void(const std::filesystem::path& temporary)>& inspect);

}  // namespace slm::ngram
