#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "models/ngram/file_copy.h"
#include "models/ngram/format.h"

namespace slm::ngram {

/// A model file whose every byte has been copied and then checked: after construction, no content that a slot
/// or a row can have leads outside the copy, to an endless search or to a number that is not finite, whatever
/// becomes of the file.
///
/// Immutable: any thread may use it.
class ModelFile {
 public:
  /// Throws `ModelError` with the file's name, what is wrong with it and what to do.
  explicit ModelFile(const std::filesystem::path& file);

  const Header& header() const { return header_; }
  const Layout& layout() const { return layout_; }
  std::span<const float> bias() const { return bias_; }  ///< `layout().row_labels` of them
  std::vector<std::string> labels() const;

  /// The row of the feature with this hash: a `RowHead` and its weights; null where the feature is not known.
  const std::byte* find(std::uint64_t hash) const {
    const auto fingerprint = static_cast<std::uint32_t>(hash);
    for (std::size_t at = hash >> slot_shift_;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot slot = slots_[at];
      if (slot.row == kEmptySlot) return nullptr;
      if (slot.fingerprint == fingerprint) return rows_ + slot.row * layout_.row_bytes;
    }
  }

  /// Asks the processor to fetch what `find` will read first.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash >> slot_shift_]); }

 private:
  void check_header();
  void check_labels() const;
  void check_slots() const;
  void check_values() const;
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_damaged(const std::string& what) const;

  std::filesystem::path file_;
  FileCopy copy_;
  Header header_;
  Layout layout_;
  std::span<const float> bias_;
  std::span<const Slot> slots_;
  const std::byte* rows_ = nullptr;
  int slot_shift_ = 0;
};

}  // namespace slm::ngram
