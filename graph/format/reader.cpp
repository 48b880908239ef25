#include "graph/format/reader.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "graph/format/nearest.h"

namespace slm {
namespace {

Place place_of(const YAML::Node& value, Place fallback) {
  const YAML::Mark mark = value.Mark();
  return mark.is_null() ? fallback : Place{mark.line + 1, mark.column + 1};
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

std::string described(const YAML::Node& value) {
  constexpr std::size_t kLongest = 60;
  switch (value.Type()) {
    case YAML::NodeType::Scalar: {
      const std::string text = on_one_line(value.Scalar());
      const char* quote = value.Tag() == "!" ? "\"" : "";
      return '`' + (quote + (text.size() > kLongest ? text.substr(0, kLongest) + "…" : text) + quote) + '`';
    }
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    default:
      return "nothing";
  }
}

Place Reader::place() const {
  return place_of(value_, key_place_);
}

std::string Reader::called() const {
  const std::size_t begin = name_.find('`') + 1;
  return name_.substr(begin, name_.find('`', begin) - begin);
}

void Reader::problem_at(Place place, std::string message) {
  document_.problems.push_back({document_.file, place, std::move(message)});
}

void Reader::unexpected(const std::string& expected) {
  problem(name() + " is " + described(value_) + "; expected " + expected);
}

std::optional<std::string> Reader::with_environment(const std::string& text) {
  std::string result;
  std::size_t from = 0;
  while (true) {
    const std::size_t open = text.find("${", from);
    result += text.substr(from, open - from);
    if (open == std::string::npos) return result;
    const std::size_t close = text.find('}', open);
    const std::string variable = close == std::string::npos ? "" : text.substr(open + 2, close - open - 2);
    if (variable.empty() || !std::all_of(variable.begin(), variable.end(), is_name_character)) {
      problem(name() + " has `${` without a variable's name; expected `${NAME}`");
      return std::nullopt;
    }
    const char* found = std::getenv(variable.c_str());
    if (!found) {
      problem(name() + " needs the environment variable `" + variable + "`, which is not set");
      return std::nullopt;
    }
    result += found;
    from = close + 1;
  }
}

std::optional<std::string> Reader::text(const std::string& expected) {
  if (!value_.IsScalar()) {
    unexpected(expected);
    return std::nullopt;
  }
  return with_environment(value_.Scalar());
}

std::optional<std::string> Reader::name_among(std::span<const std::string> names, const std::string& what) {
  const std::size_t problems_before = document_.problems.size();
  std::optional<std::string> found = name_near(names, what);
  return document_.problems.size() == problems_before ? found : std::nullopt;
}

std::optional<std::string> Reader::name_among(const Names& names, const std::string& what) {
  // Without a look at all the names, as long as nothing is wrong: a pipeline may have thousands.
  if (value_.IsScalar() && names.position(value_.Scalar())) return value_.Scalar();
  return name_among(names.list(), what);
}

std::optional<std::string> Reader::name_near(std::span<const std::string> names, const std::string& what) {
  const std::string expected = one_of(what, names);
  std::optional<std::string> found = text(expected);
  if (!found || std::find(names.begin(), names.end(), *found) != names.end()) return found;
  // As it stands in the file: an environment variable's value may be a secret put into the wrong place.
  const std::string& written = value_.Scalar();
  problem(name() + " is `" + written + "`; expected " + expected + did_you_mean(written, names));
  return nearest(*found, names);
}

std::vector<std::pair<std::string, Reader>> Reader::entries() {
  std::vector<std::pair<std::string, Reader>> result;
  if (!value_.IsMap()) {
    unexpected("a mapping");
    return result;
  }
  std::map<std::string, Place> seen;
  for (const auto& entry : value_) {
    const Place key_place = place_of(entry.first, place());
    if (!entry.first.IsScalar()) {
      problem_at(key_place, "a key of " + name() + " is " + described(entry.first) + "; expected a name");
      continue;
    }
    const std::string key = entry.first.Scalar();
    if (key == "<<") {
      problem_at(key_place, "`<<` in " + name() +
                                " is a merge key, which is not read; expected the keys themselves, or an "
                                "alias as the value of one");
      continue;
    }
    const auto [first, is_new] = seen.emplace(key, key_place);
    if (!is_new) {
      problem_at(key_place, "`" + key + "` stands twice in " + name() + ", first on line " +
                                std::to_string(first->second.line));
      continue;
    }
    result.emplace_back(key, Reader{document_, entry.second,
                                    "`" + key + "`" + (name_.empty() ? "" : " of " + name_), key_place});
  }
  return result;
}

void read_mapping(Reader& reader, std::span<const BoundField> fields, std::string_view already_read) {
  if (!reader.value().IsMap()) return reader.unexpected("a mapping");
  std::vector<std::string> keys;
  for (const BoundField& bound : fields) keys.push_back(bound.field->key);
  std::vector<std::string> found;
  for (auto& [key, entry] : reader.entries()) {
    if (key == already_read) continue;
    const auto at = std::find(keys.begin(), keys.end(), key);
    if (at == keys.end()) {
      entry.problem_at(entry.key_place(), "unknown key `" + key + "` in " + reader.name() + "; expected " +
                                              listed(keys) + did_you_mean(key, keys));
      continue;
    }
    const BoundField& bound = fields[static_cast<std::size_t>(at - keys.begin())];
    bound.field->kind->read(entry, bound.field->member(bound.object), bound.field->range);
    found.push_back(key);
  }
  for (const BoundField& bound : fields) {
    if (bound.field->is_required && std::find(found.begin(), found.end(), bound.field->key) == found.end())
      reader.problem(reader.name() + " lacks `" + bound.field->key + "` (" + bound.field->doc + ")");
  }
}

}  // namespace slm
