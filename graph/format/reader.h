#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/fields.h"
#include "graph/problems.h"

namespace slm {

/// The names under `nodes`, `models` or `processes`, in the order of the file.
class Names {
 public:
  Names() = default;
  explicit Names(std::vector<std::string> list) : list_{std::move(list)} {
    for (std::size_t i = 0; i < list_.size(); ++i) positions_.emplace(list_[i], i);
  }
  const std::vector<std::string>& list() const { return list_; }
  std::optional<std::size_t> position(const std::string& name) const {
    const auto found = positions_.find(name);
    return found == positions_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  std::vector<std::string> list_;
  std::unordered_map<std::string, std::size_t> positions_;
};

/// What is known of the whole document while its parts are read.
struct Document {
  std::filesystem::path file;
  Names node_names;
  Names model_names;
  Names process_names;
  std::vector<Problem> problems;
  std::vector<FilePath> files;  ///< those that were found
  /// References of the node being read, for the checks that follow.
  bool has_unknown_model = false;  ///< one that was meant is not known, so that it may seem unused
  std::vector<ModelRef> models_used;
  std::vector<std::pair<std::string, Place>> nodes_meant;
  bool has_dangling_edge = false;
};

/// A value of the document, with the name it goes by in messages.
class Reader {
 public:
  /// `name` is how messages call the value; the top level has none.
  Reader(Document& document, const YAML::Node& value, std::string name, Place key_place)
      : document_{document}, value_{value}, name_{std::move(name)}, key_place_{key_place} {}

  Document& document() { return document_; }
  const YAML::Node& value() const { return value_; }
  std::string name() const { return name_.empty() ? "the pipeline" : name_; }
  /// The place of the value, or of its key where the value is absent.
  Place place() const;
  Place key_place() const { return key_place_; }
  /// The key alone that the value stands under: the first word in backquotes of `name`.
  std::string called() const;
  /// Names the value by what it is, such as `` node `draft` ``, for the messages about it and its parts.
  void call(const std::string& what) { name_ = what + ' ' + name_.substr(0, name_.find("` of ") + 1); }

  /// An entry of this list or mapping; `name` is how messages call it.
  Reader child(const YAML::Node& value, std::string name) {
    return {document_, value, std::move(name), place()};
  }

  void problem(std::string message) { problem_at(place(), std::move(message)); }
  void problem_at(Place place, std::string message);
  /// Reports `` `name` is …; expected … ``.
  void unexpected(const std::string& expected);

  /// The text of a scalar with `${NAME}` replaced by environment variables; reports what is not one.
  std::optional<std::string> text(const std::string& expected);
  /// As `text`, and one of `names`; reports the nearest otherwise.
  std::optional<std::string> name_among(std::span<const std::string> names, const std::string& what);
  std::optional<std::string> name_among(const Names& names, const std::string& what);

  /// As `name_among`, but gives the nearest of `names` where it reports that it is none of them.
  std::optional<std::string> name_near(std::span<const std::string> names, const std::string& what);

  /// The entries of a mapping, without those whose key stands twice; reports what is not a mapping.
  std::vector<std::pair<std::string, Reader>> entries();

 private:
  std::optional<std::string> with_environment(const std::string& text);

  Document& document_;
  YAML::Node value_;
  std::string name_;
  Place key_place_;
};

/// A field and the struct that it is a member of.
struct BoundField {
  const Field* field;
  void* object;
};

/// Reads a mapping's keys into the fields; reports unknown, repeated and missing ones. The key `already_read`
/// is passed over.
void read_mapping(Reader& reader, std::span<const BoundField> fields, std::string_view already_read = {});

/// What a value is, in words: `` the text `abc` ``, `a list`, `nothing`.
std::string described(const YAML::Node& value);

}  // namespace slm
