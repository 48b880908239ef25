#pragma once

#include <cstddef>

namespace slm::ngram {

/// Puts two-byte UTF-8 letters (Latin, Greek, Cyrillic) into lower case, in place: U+00C0 to U+017E, U+0391
/// to U+03A9 and U+0400 to U+042F. Lengths never change; whatever else there is stays as it is.
void fold_letter_case(char* bytes, std::size_t size);

}  // namespace slm::ngram
