#include "runtime/input/unpacker.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace slm::runtime {
namespace {

class GzipUnpacker : public Unpacker {
 public:
  GzipUnpacker() {
    constexpr int kGzipOnly = 16;
    if (::inflateInit2(&stream_, MAX_WBITS + kGzipOnly) != Z_OK) throw std::bad_alloc{};
  }
  ~GzipUnpacker() override { ::inflateEnd(&stream_); }
  GzipUnpacker(const GzipUnpacker&) = delete;
  GzipUnpacker& operator=(const GzipUnpacker&) = delete;

  Step unpack(std::span<const char> packed, std::span<char> unpacked) override {
    if (is_whole_ && packed.empty()) return {};
    if (is_whole_) ::inflateReset(&stream_);
    // zlib does not write to its input, and only lacks the `const`.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(unpacked.data());
    stream_.avail_out = static_cast<uInt>(unpacked.size());
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    const Step step{packed.size() - stream_.avail_in, unpacked.size() - stream_.avail_out};
    is_whole_ = result == Z_STREAM_END;
    const bool is_damaged = !is_whole_ && result != Z_OK && result != Z_BUF_ERROR;
    if (is_damaged && step.made == 0)
      throw DamagedBytes(stream_.msg != nullptr ? stream_.msg : ::zError(result));
    return step;
  }
  bool is_whole() const override { return is_whole_; }

 private:
  z_stream stream_{};
  bool is_whole_ = false;
};

class ZstdUnpacker : public Unpacker {
 public:
  Step unpack(std::span<const char> packed, std::span<char> unpacked) override {
    // No more at once than a block, since what it has made is lost where it finds damage in the next one.
    ZSTD_inBuffer in{packed.data(), std::min(packed.size(), wanted_), 0};
    ZSTD_outBuffer out{unpacked.data(), unpacked.size(), 0};
    const auto result = ZSTD_decompressStream(stream_.get(), &out, &in);
    if (ZSTD_isError(result) != 0) throw DamagedBytes(ZSTD_getErrorName(result));
    if (in.pos > 0 || out.pos > 0) is_whole_ = result == 0;
    wanted_ = result == 0 ? kBeginning : result;
    return {in.pos, out.pos};
  }
  bool is_whole() const override { return is_whole_; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  static constexpr std::size_t kBeginning = 5;

  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  std::size_t wanted_ = kBeginning;
  bool is_whole_ = false;
};

/// Whether the bytes begin with the magic ones, as far as both go.
bool begin_alike(std::string_view bytes, std::string_view magic) {
  const auto count = std::min(bytes.size(), magic.size());
  return bytes.substr(0, count) == magic.substr(0, count);
}

}  // namespace

Packing packing_of(std::string_view beginning) {
  constexpr std::string_view kGzip = "\x1F\x8B\x08";
  constexpr std::string_view kZstd = "\x28\xB5\x2F\xFD";
  constexpr std::string_view kSkippable = "\x2A\x4D\x18";  // after a byte from 50 to 5F; some tools begin so
  if (beginning.empty()) return Packing::undecided;
  if (begin_alike(beginning, kGzip))
    return beginning.size() >= kGzip.size() ? Packing::gzip : Packing::undecided;
  const bool is_skippable = (static_cast<unsigned char>(beginning.front()) & 0xF0U) == 0x50U &&
                            begin_alike(beginning.substr(1), kSkippable);
  if (is_skippable || begin_alike(beginning, kZstd))
    return beginning.size() >= kZstd.size() ? Packing::zstd : Packing::undecided;
  return Packing::none;
}

std::unique_ptr<Unpacker> make_unpacker(Packing packing) {
  if (packing == Packing::gzip) return std::make_unique<GzipUnpacker>();
  if (packing == Packing::zstd) return std::make_unique<ZstdUnpacker>();
  return nullptr;
}

}  // namespace slm::runtime
