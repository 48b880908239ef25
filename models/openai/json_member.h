#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// Reading what a server wrote, which may be anything.
namespace slm::openai {

/// The member, or null where there is none.
inline const nlohmann::json& member(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

/// Empty where it is no text.
inline std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace slm::openai
