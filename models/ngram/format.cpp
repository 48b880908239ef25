#include "models/ngram/format.h"

namespace slm::ngram {
namespace {

// Arguments stem from 32-bit counts, times row sizes below 2^35: far from overflow in 64 bits.
static_assert(sizeof(std::size_t) == 8);

constexpr std::size_t round_up(std::size_t size, std::size_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

}  // namespace

Layout layout_of(const Header& header) {
  const std::size_t weight_bytes = header.weights == WeightType::int8 ? 1 : 4;
  Layout layout;
  layout.row_labels = round_up(header.labels > kMaxLabels ? kMaxLabels : header.labels, kRowLabels);
  layout.row_bytes = sizeof(RowHead) + layout.row_labels * weight_bytes;
  layout.labels_begin = sizeof(Header);
  layout.bias_begin = layout.labels_begin + round_up(header.label_bytes, kSectionAlignment);
  layout.slots_begin = layout.bias_begin + round_up(layout.row_labels * sizeof(float), kSectionAlignment);
  layout.rows_begin =
      layout.slots_begin + round_up(std::size_t{header.slots} * sizeof(Slot), kSectionAlignment);
  layout.file_bytes = layout.rows_begin + header.rows * layout.row_bytes;
  return layout;
}

}  // namespace slm::ngram
