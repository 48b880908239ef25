#include "models/checksum.h"

#include <cstdint>

#include "models/ngram/mapped_file.h"
#include "models/ngram/xxhash64.h"

namespace slm {

std::string file_checksum(const std::filesystem::path& file) {
  std::uint64_t hash = ngram::xxhash64(ngram::MappedFile(file).bytes());
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, hash >>= 4U)
    *digit = "0123456789abcdef"[hash & 15U];
  return digits;
}

}  // namespace slm
