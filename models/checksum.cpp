#include "models/checksum.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

#include "models/model.h"

namespace slm {
namespace {

std::uint64_t mixed(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane ^ word, 29) * 0x9E3779B97F4A7C15U;
}

std::uint64_t finalised(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

std::string hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4U)
    *digit = "0123456789abcdef"[value & 15U];
  return digits;
}

}  // namespace

std::string file_checksum(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> block(std::size_t{1} << 20U);  // a multiple of the four lanes' 32 bytes
  std::array<std::uint64_t, 4> lanes{0, 1, 2, 3};
  std::uint64_t size = 0;
  while (stream) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto bytes = static_cast<std::size_t>(stream.gcount());
    size += bytes;
    const std::size_t words = (bytes + 7) / 8;
    std::memset(block.data() + bytes, 0, words * 8 - bytes);
    for (std::size_t i = 0; i < words; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, block.data() + i * 8, 8);
      lanes[i % 4] = mixed(lanes[i % 4], word);
    }
  }
  if (!stream.eof()) throw ModelError(file.string() + ": the file cannot be read");
  std::uint64_t all = size;
  for (const std::uint64_t lane : lanes) all = mixed(all, lane);
  return hexadecimal(finalised(all));
}

}  // namespace slm
