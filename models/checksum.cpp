#include "models/checksum.h"

#include <span>

#include "models/ngram/mapped_file.h"
#include "models/ngram/xxhash64.h"

namespace slm {

std::string file_checksum(const std::filesystem::path& file) {
  return hexadecimal(ngram::xxhash64(ngram::MappedFile(file).bytes()));
}

std::string text_checksum(std::string_view text) {
  return hexadecimal(ngram::xxhash64(std::as_bytes(std::span{text})));
}

std::string hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4U)
    *digit = "0123456789abcdef"[value & 15U];
  return digits;
}

}  // namespace slm
