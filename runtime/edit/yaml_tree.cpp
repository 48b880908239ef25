#include "runtime/edit/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "graph/format/source_text.h"

namespace slm::runtime {
namespace {

using Kind = YamlValue::Kind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

char at_or_end(std::string_view text, std::size_t at) {
  return at < text.size() ? text[at] : '\n';
}

std::size_t end_of_double_quoted(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

std::size_t end_of_single_quoted(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] != '\'') continue;
    if (at_or_end(text, at + 1) != '\'') break;
    ++at;
  }
  return at + 1;
}

/// Plain and block scalars may be folded and indented, but each character that is no space stands in the
/// text.
std::size_t end_of_unquoted(std::string_view text, std::size_t at, std::string_view value) {
  for (const char c : value) {
    if (is_blank(c) || is_line_break(c)) continue;
    while (at < text.size() && text[at] != c) ++at;
    ++at;
  }
  return at;
}

std::size_t end_of_scalar(std::string_view text, std::size_t at, std::string_view value) {
  switch (at_or_end(text, at)) {
    case '"':
      return end_of_double_quoted(text, at);
    case '\'':
      return end_of_single_quoted(text, at);
    case '|':
    case '>':
      return end_of_unquoted(text, line_end(text, at), value);
    default:
      return end_of_unquoted(text, at, value);
  }
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
  return std::min(text.find_first_of(" \t\r\n,[]{}", at), text.size());
}

/// What yaml-cpp says of a document, with the ends of values, which it does not tell.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_{text} {
    if (text.starts_with(kByteOrderMark)) first_ = kByteOrderMark.size();
  }

  YamlValue& root() { return root_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& /*mark*/, const std::string& name) override { anchor_name_ = name; }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlValue value = begun(Kind::null, mark, "", anchor);
    std::size_t after = open_.empty() ? value.begin : last_end();
    if (at_or_end(text_, skip_blanks(text_, after)) == ':') after = skip_blanks(text_, after) + 1;
    // Where nothing is written, the mark is that of whatever follows.
    const char first = at_or_end(text_, value.content);
    const bool is_written =
        skip_blanks(text_, after) == value.begin && (first == '~' || first == 'n' || first == 'N');
    if (!is_written) value.content = after;
    value.end = value.content + (!is_written ? 0 : first == '~' ? 1 : 4);
    finish(std::move(value));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlValue value = begun(Kind::alias, mark, "", YAML::NullAnchor);
    value.text = anchors_[anchor];
    value.end = end_of_word(text_, value.begin);
    finish(std::move(value));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlValue value = begun(Kind::scalar, mark, tag, anchor);
    value.text = text;
    value.end = end_of_scalar(text_, value.content, text);
    finish(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open_.push_back(begun(Kind::list, mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back(begun(Kind::mapping, mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  YamlValue begun(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    YamlValue value{.kind = kind, .place = {mark.line + 1, mark.column + 1}};
    if (tag != "?" && tag != "!") value.tag = tag;
    if (anchor != YAML::NullAnchor) value.anchor = anchors_[anchor] = anchor_name_;
    value.begin = first_ + static_cast<std::size_t>(mark.pos);
    value.content = value.begin;
    while (at_or_end(text_, value.content) == '&' || at_or_end(text_, value.content) == '!')
      value.content = skip_blanks(text_, end_of_word(text_, value.content));
    const char first = at_or_end(text_, value.content);
    value.is_flow = first == (kind == Kind::list ? '[' : '{');
    return value;
  }

  std::size_t last_end() const {
    const YamlValue& around = open_.back();
    return around.parts.empty() ? around.content + (around.is_flow ? 1 : 0) : around.parts.back().end;
  }

  void close() {
    const bool is_flow = open_.back().is_flow;
    std::size_t end = last_end();
    if (is_flow) {
      while (at_or_end(text_, end = skip_space(text_, end)) == ',') ++end;
      ++end;  // the bracket
    }
    YamlValue value = std::move(open_.back());
    open_.pop_back();
    value.end = std::min(end, text_.size());
    finish(std::move(value));
  }

  void finish(YamlValue value) {
    value.end = std::min(value.end, text_.size());
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      open_.back().parts.push_back(std::move(value));
    }
  }

  std::string_view text_;
  std::size_t first_ = 0;
  YamlValue root_;
  std::vector<YamlValue> open_;
  std::string anchor_name_;
  std::map<YAML::anchor_t, std::string> anchors_;
};

}  // namespace

std::size_t YamlValue::position(std::string_view key) const {
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (parts[i].kind == Kind::scalar && parts[i].text == key) return i;
  }
  return parts.size();
}

bool YamlValue::operator==(const YamlValue& other) const {
  return std::tie(kind, text, tag, anchor, parts) ==
         std::tie(other.kind, other.text, other.tag, other.anchor, other.parts);
}

YamlValue yaml_tree(const std::string& text, const std::filesystem::path& file) {
  check_characters(text, file);
  try {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    TreeBuilder builder{text};
    parser.HandleNextDocument(builder);
    TreeBuilder next{text};
    if (parser.HandleNextDocument(next))
      throw PipelineError{{{file, {}, "it holds several YAML documents; expected one pipeline"}}};
    return std::move(builder.root());
  } catch (const YAML::Exception& error) {
    const Place place = error.mark.is_null() ? Place{} : Place{error.mark.line + 1, error.mark.column + 1};
    throw PipelineError{{{file, place, "not YAML: " + error.msg}}};
  }
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_line_break(char c) {
  return c == '\n' || c == '\r';
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  if (before != std::string_view::npos) return before + 1;
  return text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find_first_of("\r\n", at), text.size());
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text[at] == '#') {
      at = line_end(text, at);
    } else if (is_blank(text[at]) || is_line_break(text[at])) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace slm::runtime
