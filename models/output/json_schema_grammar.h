#pragma once

#include <string>

#include "models/output/json_schema.h"

namespace slm::output {

/// The schema as a GBNF grammar whose root is `root`, for compact JSON with at most one space after ':' and
/// ','.
///
/// Required members come first, in the schema's order, then the optional ones in any order. What a grammar
/// cannot hold an output to, `JsonSchema::violation` finds afterwards: unique items, names that come twice
/// among more than `kExactOptional` optional members or among free ones, lengths over `kLongestCounted`,
/// `oneOf` that overlap. Throws `ModelError` with the JSON pointer of a number's bounds that cannot be
/// written.
std::string to_gbnf(const JsonSchema& schema);

/// Of so many optional members every order is a path of its own through the grammar, of more not.
inline constexpr std::size_t kExactOptional = 4;

/// A grammar counts by repeating itself, which costs at every token.
inline constexpr std::size_t kLongestCounted = 256;

}  // namespace slm::output
