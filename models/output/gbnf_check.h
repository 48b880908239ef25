#pragma once

#include <string_view>

namespace slm::output {

/// Throws `ModelError` with line and column unless the text is a GBNF grammar that llama.cpp can read. It
/// tells a mistake only to stderr, and some (a count whose end is less than its beginning, deep nesting)
/// bring it down.
void check_gbnf(std::string_view text);

}  // namespace slm::output
