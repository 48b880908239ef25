#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "graph/message.h"

namespace slm::redaction {

/// Puts values back in the place of their placeholders, as a model may have written them: in brackets in any
/// case, and without brackets as a word of its own in capital letters. Others are left as they are.
class Restoration {
 public:
  /// The values must outlive it.
  explicit Restoration(std::span<const KeptValue> values);

  void apply(std::string& text) const;

 private:
  std::optional<std::string> restored(std::string_view text, bool is_whole) const;
  bool begins_another(std::string_view word) const;

  std::unordered_map<std::string_view, std::string_view> by_word_;
};

}  // namespace slm::redaction
