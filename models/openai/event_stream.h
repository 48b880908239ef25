#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace slm::openai {

/// An answer that is not what the API promises. The message says what was found.
class BadReply : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Server-sent events as their bytes come in, cut wherever the network cut them (HTML Living
/// Standard, 9.2.6). Only what carries data is of interest: names, ids and comments are passed over.
class EventStream {
 public:
  /// `see` takes the data of one event and says whether more is wanted.
  explicit EventStream(std::function<bool(std::string_view)> see) : see_(std::move(see)) {}

  /// False: no more is wanted. Throws `BadReply` where an event is longer than `kLongestEvent`, and what
  /// `see` throws.
  bool append(std::string_view bytes);

  /// A single token with a hundred alternatives takes some 20 KB.
  static constexpr std::size_t kLongestEvent = 4 << 20;

 private:
  bool take_line(std::string_view line);

  std::function<bool(std::string_view)> see_;
  std::string line_;  // as far as it has come
  std::string data_;  // of the event that is not complete yet
  bool has_data_ = false;
  bool follows_return_ = false;  // a line feed now belongs to the line end before it
};

}  // namespace slm::openai
