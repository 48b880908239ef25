#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace slm::runtime {

/// The text with each character that has a replacement replaced.
inline std::string escaped(std::string_view text,
                           std::span<const std::pair<char, std::string_view>> replacements) {
  std::string result;
  for (const char c : text) {
    std::string_view piece{&c, 1};
    for (const auto& [from, to] : replacements)
      if (c == from) piece = to;
    result += piece;
  }
  return result;
}

/// Of HTML and XML, within elements and double quotes.
inline std::string escaped_markup(std::string_view text) {
  constexpr std::array<std::pair<char, std::string_view>, 4> kReplacements = {
      {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}}};
  return escaped(text, kReplacements);
}

/// `n0`, `n1`, …: what a diagram's source calls a box, whatever its node is called.
inline std::string id_of(std::size_t box) {
  std::string id = "n";
  return id += std::to_string(box);
}

}  // namespace slm::runtime
