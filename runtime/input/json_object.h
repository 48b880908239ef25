#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

/// Lines that are JSON objects. All throw LineMistake where one is not what is asked for.
namespace slm::runtime {

/// Of no more than 64 levels.
nlohmann::json read_json_object(std::string_view json);

/// "an object", "text", …
std::string kind_of(const nlohmann::json& value);

/// `name` is for the message.
const std::string& text_of(const nlohmann::json& value, const std::string& name);

/// Its member `id` as JSON text, of the type it came with and a number to the last digit; empty where it has
/// none. `json` is the text of the object.
std::optional<std::string> id_json_of(const nlohmann::json& object, std::string_view json);

}  // namespace slm::runtime
