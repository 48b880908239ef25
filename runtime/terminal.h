#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace slm::runtime {

/// What standard error or standard output can show. As it was when asked.
struct Terminal {
  bool is_terminal = false;
  bool has_colours = false;  ///< no with NO_COLOR set (no-color.org), TERM=dumb, or a file
  int columns = 80;

  static Terminal of(std::FILE* stream);
};

enum class Paint { bold, dim, red, green, yellow };

/// The text in that paint where the terminal has colours; else the text.
std::string painted(const Terminal& terminal, Paint paint, std::string_view text);

/// Columns that UTF-8 text takes, one for each code point.
std::size_t display_width(std::string_view text);

}  // namespace slm::runtime
