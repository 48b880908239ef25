#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slm::output {

/// One schema of a document, as both the grammar writer and the validator read it.
struct SchemaNode {
  enum class Kind {
    anything,
    literals,      ///< `enum`, `const`
    alternatives,  ///< `anyOf`, `oneOf`, a list of types
    reference,     ///< `$ref`
    object,
    array,
    string,
    number,
    integer,
    boolean,
    null,
  };
  struct Property {
    std::string name;
    std::size_t schema;
    bool is_required;
  };

  Kind kind = Kind::anything;
  std::string where;                  ///< JSON pointer into the schema document
  std::vector<std::string> literals;  ///< compact JSON
  std::vector<std::size_t> children;  ///< alternatives, or the one target of a reference
  bool exactly_one = false;           ///< `oneOf`
  std::vector<Property> properties;   ///< in the document's order
  std::optional<std::size_t>
      others;  ///< schema of all other members of an object (none allowed), or items of an array
  bool has_unique_items = false;
  std::size_t least = 0;  ///< of items, of characters
  std::optional<std::size_t> most;
  std::optional<double> minimum, maximum;  ///< both included
  bool excludes_minimum = false, excludes_maximum = false;
};

/// The part of JSON Schema (draft 2020-12) that an output can be held to: `type`, `enum`, `const`, `anyOf`,
/// `oneOf`,
/// `$ref` into the same document, `properties`, `required`, `additionalProperties`, `items`, `minItems`,
/// `maxItems`, `uniqueItems`, `minLength`, `maxLength`, `minimum`, `maximum` and their exclusive forms.
/// Annotations are ignored; every other keyword is an error, since ignoring it would accept what the author
/// excluded. An object that names its `properties` is closed unless `additionalProperties` says otherwise.
/// Immutable; any thread.
class JsonSchema {
 public:
  /// Throws `ModelError` with the JSON pointer of the place that is not understood.
  static JsonSchema parse(std::string_view text);

  const std::vector<SchemaNode>& nodes() const { return nodes_; }
  std::size_t root() const { return root_; }

  /// Why the text is not one JSON value that satisfies the schema, with the JSON pointer of the place; empty
  /// if it is.
  std::optional<std::string> violation(std::string_view text) const;

 private:
  friend class SchemaReader;
  std::vector<SchemaNode> nodes_;
  std::size_t root_ = 0;
};

}  // namespace slm::output
