#pragma once

#include <nlohmann/json.hpp>

#include "graph/fields.h"

namespace slm {

/// The piece of JSON Schema that a kind describes itself into.
class SchemaWriter {
 public:
  nlohmann::ordered_json json;
};

/// The schema of a mapping with these keys and no others.
nlohmann::ordered_json mapping_schema(const std::vector<Field>& fields);

}  // namespace slm
