#include "runtime/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace slm::runtime {

Terminal Terminal::of(std::FILE* stream) {
  const int fd = ::fileno(stream);
  Terminal terminal;
  terminal.is_terminal = ::isatty(fd) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool is_dumb = term == nullptr || std::string_view{term} == "dumb";
  terminal.has_colours = terminal.is_terminal && !is_dumb && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (terminal.is_terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.columns = size.ws_col;
  return terminal;
}

std::string painted(const Terminal& terminal, Paint paint, std::string_view text) {
  if (!terminal.has_colours) return std::string{text};
  const char* code = "";
  switch (paint) {
    case Paint::bold:
      code = "1";
      break;
    case Paint::dim:
      code = "2";
      break;
    case Paint::red:
      code = "31";
      break;
    case Paint::green:
      code = "32";
      break;
    case Paint::yellow:
      code = "33";
      break;
  }
  return std::string{"\x1b["} + code + "m" + std::string{text} + "\x1b[0m";
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace slm::runtime
