#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slm::redaction {

/// Gives the new text of a piece; empty: it stays. `is_whole` where the piece ends as it was meant to, which
/// a text that may have been cut off does not promise.
using Rewrite = std::function<std::optional<std::string>(std::string_view piece, bool is_whole)>;

/// Rewrites a text. Of a JSON object, list or string it rewrites what each string says and each number, and
/// it stays JSON: strings are escaped anew, and a number that is rewritten becomes a string. All other text
/// is one piece. True where something has changed.
bool rewrite_pieces(std::string& text, const Rewrite& rewrite);

}  // namespace slm::redaction
