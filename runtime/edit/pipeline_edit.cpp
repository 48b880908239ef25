#include "runtime/edit/pipeline_edit.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "graph/format/source_text.h"
#include "models/replace_file.h"

namespace slm::runtime {
namespace {

using Kind = YamlValue::Kind;

/// A text as YAML, in quotes where it needs them, fit to stand in braces.
std::string scalar_text(std::string_view text) {
  YAML::Emitter list;
  list << YAML::Flow << YAML::BeginSeq << std::string{text} << YAML::EndSeq;
  const std::string written = list.c_str();
  return written.substr(1, written.size() - 2);
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// A value beneath keys: `{ accept: { at_least: 0.9 } }`.
std::string written_beneath(std::span<const std::string> keys, const std::string& written) {
  if (keys.empty()) return written;
  return "{ " + scalar_text(keys.front()) + ": " + written_beneath(keys.subspan(1), written) + " }";
}

YamlValue beneath(std::span<const std::string> keys, const std::string& value) {
  if (keys.empty()) return {.kind = Kind::scalar, .text = value};
  return {.kind = Kind::mapping,
          .parts = {{.kind = Kind::scalar, .text = keys.front()}, beneath(keys.subspan(1), value)}};
}

std::string dotted(std::span<const std::string> path) {
  std::string text;
  for (const std::string& key : path) text += (text.empty() ? "" : ".") + key;
  return '`' + text + '`';
}

/// An alias of the anchor anywhere in the value; null where there is none.
const YamlValue* alias_of(const std::string& anchor, const YamlValue& value) {
  if (value.kind == Kind::alias && value.text == anchor) return &value;
  for (const YamlValue& part : value.parts) {
    if (const YamlValue* found = alias_of(anchor, part)) return found;
  }
  return nullptr;
}

bool begins_line(std::string_view text, std::size_t at) {
  return skip_blanks(text, line_begin(text, at)) == at;
}

/// Whether nothing but a comment stands between here and the end of the line.
bool ends_line(std::string_view text, std::size_t at) {
  at = skip_blanks(text, at);
  return at == text.size() || is_line_break(text[at]) || text[at] == '#';
}

bool is_note_of(const std::string& command, std::string_view comment) {
  const std::string begin = "# slm-graph " + command + ' ';
  const std::string_view date = comment.starts_with(begin) ? comment.substr(begin.size(), 11) : "";
  return date.size() == 11 && date.ends_with(':') && date.find_first_not_of("0123456789-") == 10;
}

}  // namespace

/// Bytes and what comes in their place.
struct PipelineEdit::Splice {
  std::size_t begin;
  std::size_t end;
  std::string text{};
};

/// How far a path goes.
struct PipelineEdit::Spot {
  YamlValue* mapping;  ///< the last one on it
  std::size_t key;     ///< the position of the next key, or the number of its parts
  std::size_t depth;   ///< the position of that key in the path

  bool is_there() const { return key < mapping->parts.size(); }
  YamlValue& value() const { return mapping->parts[key + 1]; }
};

PipelineEdit::PipelineEdit(std::filesystem::path file)
    : file_{std::move(file)}, found_{source_text(file_)}, text_{found_}, tree_{yaml_tree(text_, file_)} {}

PipelineEdit::PipelineEdit(std::filesystem::path file, std::string text)
    : file_{std::move(file)}, found_{std::move(text)}, text_{found_}, tree_{yaml_tree(text_, file_)} {}

void PipelineEdit::refuse(Place place, std::string message) const {
  throw PipelineError{{{file_, place, std::move(message)}}};
}

void PipelineEdit::check_own(const YamlValue& value, const std::string& name) const {
  if (value.kind == Kind::alias)
    refuse(value.place, name + " is the alias `*" + value.text +
                            "`, whose value is shared; write the value out here to have it edited");
  if (value.anchor.empty()) return;
  if (const YamlValue* alias = alias_of(value.anchor, tree_))
    refuse(value.place, name + " has the anchor `&" + value.anchor + "`, and line " +
                            std::to_string(alias->place.line) +
                            " would change with it; write the value out there to have it edited");
}

PipelineEdit::Spot PipelineEdit::find(YamlValue& tree, std::span<const std::string> path) const {
  Spot spot{&tree, 0, 0};
  for (;; ++spot.depth) {
    const std::string name = spot.depth == 0 ? "the pipeline" : dotted(path.first(spot.depth));
    check_own(*spot.mapping, name);
    if (spot.mapping->kind != Kind::mapping)
      refuse(spot.mapping->place, name + " is no mapping, so " + dotted(path) + " cannot be edited");
    spot.key = spot.mapping->position(path[spot.depth]);
    if (!spot.is_there() && spot.mapping->position("<<") < spot.mapping->parts.size())
      refuse(spot.mapping->parts[spot.mapping->position("<<")].place,
             name + " takes keys from elsewhere by `<<`; write " + dotted(path.first(spot.depth + 1)) +
                 " out to have it edited");
    if (!spot.is_there() || spot.depth + 1 == path.size() || spot.value().kind == Kind::null) return spot;
    spot.mapping = &spot.value();
  }
}

std::string PipelineEdit::line_break_at(std::size_t at) const {
  std::size_t found = text_.find('\n', at);
  if (found == std::string::npos) found = text_.find('\n');
  return found != std::string::npos && found > 0 && text_[found - 1] == '\r' ? "\r\n" : "\n";
}

void PipelineEdit::set(const YamlPath& path, double value) {
  set_written(path, number_text(value), number_text(value));
}

void PipelineEdit::set(const YamlPath& path, std::string_view value) {
  set_written(path, std::string{value}, scalar_text(value));
}

void PipelineEdit::set_written(const YamlPath& path, const std::string& value, const std::string& written) {
  YamlValue meant = tree_;
  const Spot spot = find(meant, path);
  const std::span<const std::string> rest = std::span{path}.subspan(spot.depth + 1);
  const std::string inner = written_beneath(rest, written);
  if (!spot.is_there()) {
    const Place place = spot.mapping->place;
    const std::vector<Splice> splices = added(*spot.mapping, scalar_text(path[spot.depth]) + ": " + inner);
    spot.mapping->parts.push_back({.kind = Kind::scalar, .text = path[spot.depth]});
    spot.mapping->parts.push_back(beneath(rest, value));
    return change(splices, meant, place);
  }
  YamlValue& old = spot.value();
  check_own(old, dotted(path));
  if (old.kind != Kind::scalar && old.kind != Kind::null)
    refuse(old.place, dotted(path) + " is a " + (old.kind == Kind::list ? "list" : "mapping") +
                          "; expected one value, to be replaced by `" + value + '`');
  const Splice splice{old.content, old.end, (old.content == old.end ? " " : "") + inner};
  const Place place = old.place;
  YamlValue replaced = beneath(rest, value);
  replaced.tag = old.tag;
  replaced.anchor = old.anchor;
  old = std::move(replaced);
  change({splice}, meant, place);
}

std::vector<PipelineEdit::Splice> PipelineEdit::added(const YamlValue& mapping,
                                                      const std::string& entry) const {
  if (mapping.parts.empty()) {
    const std::size_t inside = mapping.content + 1;
    const std::size_t after = skip_blanks(text_, inside);
    return {text_[after] == '}' ? Splice{inside, after, ' ' + entry + ' '}
                                : Splice{inside, inside, ' ' + entry}};
  }
  const YamlValue& last_key = mapping.parts[mapping.parts.size() - 2];
  const std::size_t last = mapping.parts.back().end;
  const std::string indent(last_key.begin - line_begin(text_, last_key.begin), ' ');
  const std::size_t end = line_end(text_, last);
  const std::string line = line_break_at(end) + indent + entry;
  if (!mapping.is_flow) return {{end, end, line}};
  const std::size_t behind = skip_blanks(text_, last);
  const bool has_comma = text_[behind] == ',';
  if (!begins_line(text_, last_key.begin) || !ends_line(text_, behind + (has_comma ? 1 : 0)))
    return {{last, last, ", " + entry}};
  if (has_comma) return {{end, end, line + ','}};
  return {{last, last, ","}, {end, end, line}};
}

void PipelineEdit::erase(const YamlPath& path) {
  YamlValue meant = tree_;
  const Spot spot = find(meant, path);
  if (!spot.is_there() || spot.depth + 1 < path.size())
    refuse(spot.mapping->place, "there is no " + dotted(path) + " to take out");
  const auto check_parts = [&](const auto& self, const YamlValue& value) -> void {
    if (value.kind != Kind::alias) check_own(value, dotted(path));
    for (const YamlValue& part : value.parts) self(self, part);
  };
  check_parts(check_parts, spot.value());
  const Place place = spot.mapping->parts[spot.key].place;
  const std::vector<Splice> splices = erased(*spot.mapping, spot.key);
  const auto key = spot.mapping->parts.begin() + static_cast<std::ptrdiff_t>(spot.key);
  spot.mapping->parts.erase(key, key + 2);
  change(splices, meant, place);
}

std::vector<PipelineEdit::Splice> PipelineEdit::erased(const YamlValue& mapping, std::size_t key) const {
  const std::size_t begin = mapping.parts[key].begin;
  const std::size_t end = mapping.parts[key + 1].end;
  const bool is_alone = mapping.parts.size() == 2;
  if (!mapping.is_flow && is_alone) return {{begin, end, "{}"}};

  std::size_t after = end;
  std::vector<Splice> splices;
  if (mapping.is_flow) {
    const std::size_t before = key == 0 ? begin : mapping.parts[key - 1].end;
    const std::size_t comma_before = skip_space(text_, before);
    const auto is_space = [&](std::size_t from, std::size_t to) {
      return text_.find_first_not_of(" \t\r\n", from) == to;
    };
    const bool is_apart = is_space(before, comma_before) && is_space(comma_before + 1, begin);
    if (key > 0 && is_apart && !begins_line(text_, begin)) return {{before, end}};
    const std::size_t comma = skip_space(text_, end);
    if (text_[comma] == ',' && comma == skip_blanks(text_, end)) {
      after = comma + 1;
    } else if (text_[comma] == ',') {
      splices.push_back({comma, comma + 1});
    } else if (key > 0) {
      splices.push_back({comma_before, comma_before + 1});
    }
  }
  const std::size_t next = skip_blanks(text_, after);
  const bool is_whole_line =
      begins_line(text_, begin) && (next == text_.size() || is_line_break(text_[next]));
  if (!is_whole_line) {
    splices.push_back({begin, next});
  } else if (const std::size_t line_break = text_.find('\n', next); line_break != std::string::npos) {
    splices.push_back({line_begin(text_, begin), line_break + 1});
  } else {
    const std::size_t line = line_begin(text_, begin);
    splices.push_back({line > 1 && text_[line - 2] == '\r' ? line - 2 : line - std::min<std::size_t>(line, 1),
                       text_.size()});
  }
  return splices;
}

void PipelineEdit::note(const YamlPath& path, const Note& note) {
  std::string comment = "# slm-graph " + note.command + ' ' + note.date + ": " + note.text;
  std::replace_if(
      comment.begin(), comment.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  YamlValue same = tree_;
  std::size_t at = tree_.begin;
  for (std::size_t length = path.size(); length > 0; --length) {
    const Spot spot = find(same, std::span{path}.first(length));
    if (!spot.is_there() || !begins_line(text_, spot.mapping->parts[spot.key].begin)) continue;
    at = spot.mapping->parts[spot.key].begin;
    break;
  }
  const std::size_t line = line_begin(text_, at);
  for (std::size_t above = line; above > line_begin(text_, 0);) {
    above = line_begin(text_, above - 1);
    const std::size_t begin = skip_blanks(text_, above);
    if (text_[begin] != '#') break;
    const std::size_t end = line_end(text_, begin);
    if (is_note_of(note.command, std::string_view{text_}.substr(begin, end - begin)))
      return change({{begin, end, comment}}, tree_, {});
  }
  const std::string indent(skip_blanks(text_, line) - line, ' ');
  change({{line, line, indent + comment + line_break_at(line)}}, tree_, {});
}

void PipelineEdit::change(std::vector<Splice> splices, const YamlValue& meant, Place place) {
  std::sort(splices.begin(), splices.end(), [](auto& a, auto& b) { return a.begin > b.begin; });
  std::string text = text_;
  for (const Splice& splice : splices) text.replace(splice.begin, splice.end - splice.begin, splice.text);
  YamlValue tree;
  try {
    tree = yaml_tree(text, file_);
  } catch (const PipelineError&) {
    // What is not YAML any more is not what was meant.
  }
  if (tree != meant)
    refuse(place,
           "this cannot be edited without changing more than is meant; edit it by hand, or write it in fewer "
           "lines");
  text_ = std::move(text);
  tree_ = std::move(tree);
}

void PipelineEdit::write() {
  namespace fs = std::filesystem;
  replace_file(file_, std::as_bytes(std::span{text_}), [&](const fs::path& temporary) {
    if (source_text(file_) != found_) refuse({}, "it was changed meanwhile; nothing was written");
    fs::permissions(temporary, fs::status(file_).permissions());
  });
  found_ = text_;
}

}  // namespace slm::runtime
