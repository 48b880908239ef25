#pragma once

#include <string>

namespace slm::openai {

/// Makes what went wrong fit to be shown: with the server's address, on one line, not too long, and without
/// the key, which servers like to repeat. Immutable; any thread.
class ErrorText {
 public:
  ErrorText(std::string origin, std::string key) : origin_(std::move(origin)), key_(std::move(key)) {}

  std::string of(std::string reason) const;

 private:
  std::string origin_;
  std::string key_;
};

}  // namespace slm::openai
