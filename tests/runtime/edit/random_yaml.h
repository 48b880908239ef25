#pragma once

#include <yaml-cpp/yaml.h>

#include <random>
#include <string>
#include <vector>

namespace slm::testing {

/// Documents of nested mappings in every layout that YAML has for them. The keys are k0, k1, …, and each
/// comment begins with `#c` and its number.
class RandomYaml {
 public:
  explicit RandomYaml(unsigned seed) : random_{seed} {}

  std::string document() {
    line_break_ = once_in(3) ? "\r\n" : "\n";
    std::string text = once_in(4) ? "\xEF\xBB\xBF" : "";
    if (once_in(3)) text += comment() + line_break_;
    text += block(0, 0);
    // A block's text would end otherwise where its last line break came or went.
    const bool has_block = text.find("more") != std::string::npos;
    if (once_in(4) && !has_block) text.resize(text.size() - line_break_.size());
    return text;
  }

  /// One that leads to a value of the document, or to a key that is not there in one of its mappings.
  std::vector<std::string> path(const YAML::Node& root) {
    std::vector<std::string> path;
    YAML::Node at = root;
    while (true) {
      if (at.size() == 0 || once_in(4)) return path.push_back("new"), path;
      const std::string key = "k" + std::to_string(below(static_cast<unsigned>(at.size())));
      path.push_back(key);
      if (!at[key].IsMap()) {
        if (at[key].IsSequence()) path.back() = "new";
        return path;
      }
      at.reset(at[key]);
    }
  }

  bool once_in(unsigned n) { return below(n) == 0; }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string blanks() { return std::string(below(3), ' '); }
  std::string comment() { return "#c" + std::to_string(comments_++) + " it's { odd: ]\t\"→\""; }
  std::string indent(unsigned columns) { return std::string(columns, ' '); }

  std::string end_of_line() {
    std::string text = blanks();
    if (once_in(3)) text += ' ' + comment();
    text += line_break_;
    if (once_in(5)) text += line_break_;
    if (once_in(6)) text += comment() + line_break_;  // further in, it could join a block above
    return text;
  }

  std::string scalar() {
    constexpr const char* kScalars[] = {"0.90", "word",    "\"in \\\" quotes # } \"", "'it''s'", "~",
                                        "a b",  "\"ü: →\""};
    return kScalars[below(7)];
  }

  std::string block(unsigned columns, unsigned depth) {
    std::string text;
    const unsigned count = 1 + below(3);
    for (unsigned i = 0; i < count; ++i) {
      text += indent(columns) + "k" + std::to_string(i) + blanks() + ":";
      const unsigned kind = below(depth < 3 ? 7 : 4);
      if (kind < 3) {
        text += ' ' + blanks() + scalar() + end_of_line();
      } else if (kind == 3) {
        const unsigned inner = columns + 1 + below(4);
        constexpr const char* kHeaders[] = {" |", " >-", " |-"};
        text += kHeaders[below(3)] + line_break_ + indent(inner) + "text # none" + line_break_ +
                indent(inner) + "more" + line_break_;
      } else if (kind == 4) {
        text += ' ' + blanks() + flow(columns + 1, depth + 1) + end_of_line();
      } else if (kind == 5) {
        text += line_break_ + indent(columns + 1) + "- 1" + end_of_line() + indent(columns + 1) + "- " +
                flow(columns + 3, depth + 1) + end_of_line();
      } else {
        text += end_of_line() + block(columns + 1 + below(4), depth + 1);
      }
    }
    return text;
  }

  /// Between two values in braces.
  std::string flow_space(unsigned columns) {
    if (!once_in(4)) return once_in(2) ? " " : "";
    return ' ' + (once_in(2) ? comment() : "") + line_break_ + indent(columns + below(3));
  }

  std::string flow(unsigned columns, unsigned depth) {
    std::string text = "{" + flow_space(columns);
    const unsigned count = below(4);
    for (unsigned i = 0; i < count; ++i) {
      text += "k" + std::to_string(i) + ": ";
      text += depth < 3 && once_in(3) ? flow(columns, depth + 1) : once_in(5) ? "[1, { a: 2 } ]" : scalar();
      text += flow_space(columns);
      if (i + 1 < count || once_in(4)) text += "," + flow_space(columns);
    }
    return text + '}';
  }

  std::mt19937 random_;
  std::string line_break_;
  unsigned comments_ = 100;
};

}  // namespace slm::testing
