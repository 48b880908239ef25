#pragma once

#include <string>
#include <string_view>

namespace slm::output {

/// The text with every maximal ill-formed part replaced by U+FFFD, as Unicode recommends (chapter 3, "U+FFFD
/// Substitution of Maximal Subparts").
std::string valid_utf8(std::string_view text);

}  // namespace slm::output
