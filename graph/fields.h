#pragma once

#include <chrono>
#include <concepts>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/endpoint.h"
#include "graph/node.h"
#include "graph/problems.h"

/// Options of the pipeline format, declared once: the loader reads and checks them, the JSON Schema and the
/// documentation are written from them.
namespace slm {

class Reader;        // what the loader reads with
class SchemaWriter;  // what the JSON Schema is written with

/// A file of the pipeline, looked up relative to the pipeline file and checked to exist.
struct FilePath {
  std::filesystem::path path;
  Place place;
  bool is_of_machine = false;  ///< was named as a `MachinePath`
};

/// A file or folder that only the machine of one process has: looked up as a `FilePath`, and checked by that
/// process when it begins, since the pipeline file is the same on all machines.
struct MachinePath {
  std::filesystem::path path;
  Place place;
};

/// A text that remembers where it stood, for checks that come later.
struct PlacedText {
  std::string text;
  Place place;
};

/// A key or password. In the file it stands as `${NAME}`, for an environment variable that is set and not
/// empty: anything else is an error, which does not repeat what was found.
struct Secret {
  std::string text;
};

/// The name of an entry of `models`.
struct ModelRef {
  std::string name;
  Place place;
};

/// The name of a node that is meant, but not sent to.
struct NodeRef {
  std::string name;
  Place place;
};

/// Bounds that a number must keep to, both included.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// How one type of value is read, described and searched for references.
class Kind {
 public:
  virtual ~Kind() = default;
  /// Reports to the reader what is wrong with the value and leaves `target` as it was then.
  virtual void read(Reader& reader, void* target, Range range) const = 0;
  virtual void describe(SchemaWriter& schema, Range range) const = 0;
  /// Calls `see` for every port inside; `name` is its key, as `accept.to` or `cases.weather`.
  virtual void visit_ports(void* /*value*/, const std::string& /*name*/,
                           const std::function<void(const std::string&, Port&)>& /*see*/) const {}
};

using KindPtr = std::shared_ptr<const Kind>;

/// A key of a mapping.
struct Field {
  std::string key;
  std::string doc;
  bool is_required = false;
  Range range;
  KindPtr kind;
  std::function<void*(void*)> member;  ///< from the struct to its member
};

/// A type of one word or number that is read by `static T T::parse(std::string_view)`, which throws
/// `std::invalid_argument` saying what was expected; `T::kExpected` describes it.
template <class T>
concept ParsedText = requires(std::string_view text) {
  { T::parse(text) } -> std::same_as<T>;
  { T::kExpected } -> std::convertible_to<std::string_view>;
};

/// Specialise with `static constexpr std::pair<std::string_view, E> names[]` to use an enumeration as an
/// option.
template <class E>
struct EnumNames;

template <class T>
class Fields;

template <class T>
KindPtr kind_of();

// The kinds of plain values, in graph/format/kinds.cpp.
template <>
KindPtr kind_of<std::string>();
template <>
KindPtr kind_of<bool>();
template <>
KindPtr kind_of<int>();
template <>
KindPtr kind_of<double>();
template <>
KindPtr kind_of<std::chrono::milliseconds>();
template <>
KindPtr kind_of<FilePath>();
template <>
KindPtr kind_of<MachinePath>();
template <>
KindPtr kind_of<Endpoint>();
template <>
KindPtr kind_of<PlacedText>();
template <>
KindPtr kind_of<Secret>();
template <>
KindPtr kind_of<ModelRef>();
template <>
KindPtr kind_of<NodeRef>();
template <>
KindPtr kind_of<Port>();

KindPtr struct_kind(std::vector<Field> fields);
KindPtr choice_kind(std::vector<std::pair<std::string, int>> names, std::function<void(void*, int)> assign);
KindPtr parsed_kind(std::string expected, std::function<void(std::string_view, void*)> parse);
/// `append(list, key)` adds an element and gives its address.
KindPtr list_kind(KindPtr element, std::function<void*(void*)> append);
KindPtr map_kind(KindPtr element, std::function<void*(void*, const std::string&)> append,
                 std::function<void(void*, const std::function<void(const std::string&, void*)>&)> each);
KindPtr wrapped_kind(KindPtr inner, std::function<void*(void*)> emplace, std::function<void*(void*)> get);

namespace detail {

template <class T>
struct KindOf {
  static KindPtr make() {
    if constexpr (std::is_enum_v<T>) {
      std::vector<std::pair<std::string, int>> names;
      for (const auto& [name, value] : EnumNames<T>::names) names.emplace_back(name, static_cast<int>(value));
      return choice_kind(std::move(names), [](void* to, int v) { *static_cast<T*>(to) = static_cast<T>(v); });
    } else if constexpr (ParsedText<T>) {
      return parsed_kind(std::string{T::kExpected},
                         [](std::string_view text, void* to) { *static_cast<T*>(to) = T::parse(text); });
    } else {
      return struct_kind(T::fields().list());
    }
  }
};

template <class T>
struct KindOf<std::optional<T>> {
  static KindPtr make() {
    using Value = std::optional<T>;
    return wrapped_kind(
        kind_of<T>(), [](void* to) -> void* { return &static_cast<Value*>(to)->emplace(); },
        [](void* from) -> void* {
          auto* value = static_cast<Value*>(from);
          return value->has_value() ? &**value : nullptr;
        });
  }
};

template <class T>
struct KindOf<std::vector<T>> {
  static KindPtr make() {
    return list_kind(kind_of<T>(),
                     [](void* to) -> void* { return &static_cast<std::vector<T>*>(to)->emplace_back(); });
  }
};

/// A mapping from names of the author's choice, kept in the order of the file.
template <class T>
struct KindOf<std::vector<std::pair<std::string, T>>> {
  using Map = std::vector<std::pair<std::string, T>>;
  static KindPtr make() {
    return map_kind(
        kind_of<T>(),
        [](void* to, const std::string& key) -> void* {
          return &static_cast<Map*>(to)->emplace_back(key, T{}).second;
        },
        [](void* from, const auto& see) {
          for (auto& [key, value] : *static_cast<Map*>(from)) see(key, &value);
        });
  }
};

}  // namespace detail

template <class T>
KindPtr kind_of() {
  return detail::KindOf<T>::make();
}

/// The keys of a mapping that becomes a `T`:
/// `Fields<Options>{}.required("model", &Options::model, "…").optional("stop", &Options::stop, "…")`.
///
/// Members may be text, numbers, `bool`, durations, enumerations with `EnumNames`, files, references, ports,
/// structs with `static Fields<S> fields()`, and `std::optional`, `std::vector` or named maps of those.
template <class T>
class Fields {
 public:
  template <class M, class S>
  Fields& required(std::string key, M S::*member, std::string doc, Range range = {}) {
    return add(std::move(key), member, std::move(doc), range, true);
  }

  /// The member's initial value is the default.
  template <class M, class S>
  Fields& optional(std::string key, M S::*member, std::string doc, Range range = {}) {
    return add(std::move(key), member, std::move(doc), range, false);
  }

  const std::vector<Field>& list() const { return fields_; }

 private:
  template <class M, class S>
  Fields& add(std::string key, M S::*member, std::string doc, Range range, bool is_required) {
    fields_.push_back({std::move(key), std::move(doc), is_required, range, kind_of<M>(),
                       [member](void* object) -> void* { return &(static_cast<T*>(object)->*member); }});
    return *this;
  }

  std::vector<Field> fields_;
};

}  // namespace slm
