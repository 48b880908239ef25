#pragma once

#include <memory>
#include <string>
#include <utility>

#include "models/generator.h"
#include "models/replay/asked.h"

namespace slm::replay {

/// A compiled output format that still knows its name, for models around another whose questions are told
/// apart by it.
class NamedFormat : public Constraint {
 public:
  NamedFormat(std::shared_ptr<const Constraint> compiled, std::string format)
      : inner{std::move(compiled)}, name{std::move(format)} {}

  const std::shared_ptr<const Constraint> inner;
  const std::string name;
};

/// Takes the name off a request, which then is one for the inner model; empty where it has no format.
inline std::string take_format_name(GenerationRequest& request) {
  const auto named = std::dynamic_pointer_cast<const NamedFormat>(request.constraint);
  if (!named) return "";
  request.constraint = named->inner;
  return named->name;
}

}  // namespace slm::replay
