#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slm::output {

/// The text of an answer as its pieces come in, watched for stop strings.
class OutputText {
 public:
  explicit OutputText(std::vector<std::string> stop);

  /// Returns true when a stop string is complete; the text then ends before it. A stop string may be spread
  /// over several pieces; of several that are complete at once the one that begins first counts.
  bool append(std::string_view piece);

  /// The text as valid UTF-8, what is not replaced by U+FFFD.
  std::string finish() const;

 private:
  std::string bytes_;
  std::vector<std::string> stop_;
  std::size_t longest_stop_ = 0;
};

}  // namespace slm::output
