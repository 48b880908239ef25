#pragma once

#include <functional>
#include <string>
#include <variant>

#include "models/generator.h"
#include "models/openai/reply.h"

namespace slm::openai {

/// A request to a server, and who waits for its answer.
struct Call {
  std::string body;
  Patience patience;
  std::function<bool(const Reply&)> is_enough;  ///< ends the answer early; may be empty
  std::function<void(std::variant<Reply, ModelFailure>)> done;
};

/// Where calls are handed in. Any thread.
class Desk {
 public:
  virtual ~Desk() = default;

  virtual void submit(Call call) = 0;
  /// As `submit`, but this is the answer, and nothing is sent.
  virtual void answer(Call call, std::variant<Reply, ModelFailure> result) = 0;
};

}  // namespace slm::openai
