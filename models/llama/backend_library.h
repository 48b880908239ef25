#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace slm::llama {

/// Makes llama.cpp ready: finds its processor-specific code beside libllama and silences its log. The first
/// call works, the others return at once. Any thread. Throws `ModelError` if no code for this processor is
/// found.
///
/// With SLM_GRAPH_LLAMA_LOG=1 in the environment llama.cpp's log goes to stderr.
void prepare_library();

/// Collects the warnings and errors that llama.cpp logs on this thread while it lives; they name causes that
/// its functions do not return.
class LogCapture {
 public:
  /// `on_message` is told everything that is logged, also what is no warning; it must not throw.
  explicit LogCapture(std::function<void(std::string_view)> on_message = {});
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// The messages, without names of llama.cpp's functions, joined by "; ".
  std::string text() const;

 private:
  friend void collect_log(int level, const char* message);
  std::function<void(std::string_view)> on_message_;
  std::string raw_;
  bool is_continued_ = false;
  LogCapture* outer_;
};

}  // namespace slm::llama
