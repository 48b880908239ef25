#include "models/ngram/model_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "models/model.h"
#include "models/ngram/words.h"
#include "models/ngram/xxhash64.h"

namespace slm::ngram {
namespace {

bool is_usable(float value) {
  return value >= -kLargestValue && value <= kLargestValue;
}

bool all_usable(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return is_usable(value); });
}

// Sections begin at multiples of 64 in memory aligned to a page, so what they hold is aligned.
template <class Value>
std::span<const Value> section(std::span<const std::byte> bytes, std::size_t begin, std::size_t count) {
  const void* at = bytes.subspan(begin, count * sizeof(Value)).data();
  return {static_cast<const Value*>(at), count};
}

}  // namespace

ModelFile::ModelFile(const std::filesystem::path& file) : file_(file), copy_(file) {
  check_header();
  const std::span<const std::byte> bytes = copy_.bytes();
  bias_ = section<float>(bytes, layout_.bias_begin, layout_.row_labels);
  slots_ = section<Slot>(bytes, layout_.slots_begin, header_.slots);
  slot_shift_ = 64 - std::countr_zero(header_.slots);
  rows_ = bytes.data() + layout_.rows_begin;
  check_labels();
  check_slots();
  check_values();
}

void ModelFile::fail(const std::string& what) const {
  throw ModelError(file_.string() + ": " + what);
}

void ModelFile::fail_damaged(const std::string& what) const {
  fail("the ngram model is damaged (" + what + "); copy or train it again");
}

void ModelFile::check_header() {
  const std::span<const std::byte> bytes = copy_.bytes();
  std::memcpy(&header_, bytes.data(), std::min(bytes.size(), sizeof header_));
  if (bytes.size() < kMagic.size() || header_.magic != kMagic)
    fail("is not an ngram model (it does not begin with SLMNGRAM); `slm-graph train` makes them");
  if (bytes.size() < sizeof header_) fail_damaged("truncated in its header");
  if (header_.version > kFormatVersion)
    fail("is an ngram model of format version " + std::to_string(header_.version) +
         ", and this program knows " + std::to_string(kFormatVersion) +
         "; use a newer program or train the model again");
  if (header_.version == 0) fail_damaged("format version 0");
  if (header_.header_bytes != sizeof header_)
    fail_damaged("a header of " + std::to_string(header_.header_bytes) + " bytes");
  if (header_.file_bytes != bytes.size())
    fail_damaged((bytes.size() < header_.file_bytes ? "truncated: " : "too long: ") +
                 std::to_string(bytes.size()) + " bytes instead of " + std::to_string(header_.file_bytes));
  if (header_.checksum != xxhash64(bytes.subspan(kChecksumBegin))) fail_damaged("wrong checksum");
  if (header_.weights != WeightType::float32 && header_.weights != WeightType::int8)
    fail_damaged("unknown weight type");
  if (header_.labels < 2 || header_.labels > kMaxLabels)
    fail_damaged(std::to_string(header_.labels) + " labels");
  if (header_.slots < 2 || !std::has_single_bit(header_.slots) || header_.slots <= header_.rows)
    fail_damaged("nonsense table size");
  if (header_.word_ngrams < 1 || header_.word_ngrams > 2) fail_damaged("nonsense word n-grams");
  const bool has_grams = header_.min_gram_characters != 0;
  if (header_.min_gram_characters > header_.max_gram_characters ||
      header_.max_gram_characters > kMaxGramCharacters || (!has_grams && header_.max_gram_characters != 0))
    fail_damaged("nonsense character n-grams");
  const bool has_temperature = header_.inverse_temperature > 0 && is_usable(header_.inverse_temperature);
  const bool has_masses = std::all_of(header_.unknown_mass.begin(), header_.unknown_mass.end(),
                                      [](float mass) { return mass >= 0 && is_usable(mass); });
  if (!has_temperature || !has_masses) fail_damaged("nonsense temperature or masses");
  const bool has_reserve =
      std::any_of(header_.reserved.begin(), header_.reserved.end(), [](auto word) { return word != 0; });
  if (has_reserve) fail_damaged("reserved words are not zero");
  layout_ = layout_of(header_);
  if (layout_.file_bytes != bytes.size()) fail_damaged("sections do not fill it");
}

void ModelFile::check_labels() const {
  std::span<const std::byte> rest = copy_.bytes().subspan(layout_.labels_begin, header_.label_bytes);
  for (std::uint32_t label = 0; label < header_.labels; ++label) {
    std::uint32_t size = 0;
    if (rest.size() < sizeof size) fail_damaged("label names are cut off");
    std::memcpy(&size, rest.data(), sizeof size);
    rest = rest.subspan(sizeof size);
    if (rest.size() < size) fail_damaged("label names are cut off");
    rest = rest.subspan(size);
  }
  if (!rest.empty()) fail_damaged("more label names than labels");
}

void ModelFile::check_slots() const {
  std::size_t used = 0;
  for (const Slot& slot : slots_) {
    if (slot.row == kEmptySlot) continue;
    ++used;
    if (slot.row >= header_.rows) fail_damaged("a slot without its row");
  }
  if (used == slots_.size()) fail_damaged("a table without an empty slot");
}

void ModelFile::check_values() const {
  if (!all_usable(bias_)) fail_damaged("a bias that is not a usable number");
  for (std::size_t row = 0; row < header_.rows; ++row) {
    const std::byte* const begin = rows_ + row * layout_.row_bytes;
    RowHead head;
    std::memcpy(&head, begin, sizeof head);
    bool is_row_usable = head.mass >= 0 && is_usable(head.mass) && is_usable(head.scale);
    if (header_.weights == WeightType::float32) {
      const void* const weights = begin + sizeof head;
      is_row_usable &= all_usable({static_cast<const float*>(weights), layout_.row_labels});
    }
    if (!is_row_usable) fail_damaged("a weight that is not a usable number");
  }
}

std::vector<std::string> ModelFile::labels() const {
  std::vector<std::string> names;
  const std::byte* at = copy_.bytes().data() + layout_.labels_begin;
  for (std::uint32_t label = 0; label < header_.labels; ++label) {
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    const void* const text = at + sizeof size;
    names.emplace_back(static_cast<const char*>(text), size);
    at += sizeof size + size;
  }
  return names;
}

}  // namespace slm::ngram
