#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/redaction/kinds.h"

namespace slm::redaction {

/// What is to stand in the place of a part of a text.
struct Replacement {
  Span span;
  std::string_view text;
};

/// Gives what is to be replaced in a piece of a text, in its order and not overlapping. `is_whole` where the
/// piece ends as it was meant to, which a text that may have been cut off does not promise.
using Rewrite = std::function<std::vector<Replacement>(std::string_view piece, bool is_whole)>;

/// Rewrites a text. Of a JSON object, list or string it rewrites what each string says and each number, and
/// it stays JSON: strings are escaped anew, and a number that is rewritten becomes a string. All other text
/// is one piece.
void rewrite_pieces(std::string& text, const Rewrite& rewrite);

}  // namespace slm::redaction
