#include <charconv>
#include <cmath>
#include <stdexcept>

#include "graph/format/duration.h"
#include "graph/format/nearest.h"
#include "graph/format/reader.h"
#include "graph/format/schema_writer.h"

namespace slm {
namespace {

std::string number_text(double value) {
  std::array<char, 32> digits;
  constexpr double kWhole = 1e15;  // whole numbers below are written out
  const auto format = value == std::floor(value) && std::abs(value) < kWhole ? std::chars_format::fixed
                                                                             : std::chars_format::general;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, format).ptr};
}

std::string with_range(std::string what, Range range) {
  const bool has_low = std::isfinite(range.low), has_high = std::isfinite(range.high);
  if (range.low == range.high) return what + " equal to " + number_text(range.low);
  if (has_low && has_high) return what + " from " + number_text(range.low) + " to " + number_text(range.high);
  if (has_low) return what + " of at least " + number_text(range.low);
  if (has_high) return what + " of at most " + number_text(range.high);
  return what;
}

template <class T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_quoted(const YAML::Node& value) {
  return value.Tag() == "!";
}

class TextKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    if (auto text = reader.text("a text")) *static_cast<std::string*>(target) = *std::move(text);
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class PlacedTextKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    auto text = reader.text("a name");
    if (!text) return;
    if (text->empty()) return reader.unexpected("a name");
    *static_cast<PlacedText*>(target) = {*std::move(text), reader.place()};
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class BoolKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto text = reader.text("`true` or `false`");
    if (!text) return;
    if (is_quoted(reader.value()) || (*text != "true" && *text != "false"))
      return reader.unexpected("`true` or `false`");
    *static_cast<bool*>(target) = *text == "true";
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "boolean"; }
};

template <class T>
class NumberKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range range) const override {
    const std::string expected = with_range(kWhat, range);
    const auto text = reader.text(expected);
    if (!text) return;
    T value{};
    const bool is_number = !is_quoted(reader.value()) && parse_whole(*text, value);
    const auto wide = static_cast<double>(value);
    if (!is_number || !std::isfinite(wide) || wide < range.low || wide > range.high)
      return reader.unexpected(expected);
    *static_cast<T*>(target) = value;
  }
  void describe(SchemaWriter& schema, Range range) const override {
    schema.json["type"] = std::is_integral_v<T> ? "integer" : "number";
    if (std::isfinite(range.low)) schema.json["minimum"] = static_cast<T>(range.low);
    if (std::isfinite(range.high)) schema.json["maximum"] = static_cast<T>(range.high);
  }

 private:
  static constexpr const char* kWhat = std::is_integral_v<T> ? "a whole number" : "a number";
};

class DurationKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto text = reader.text(kDurationExpected);
    if (!text) return;
    const auto duration = parse_duration(*text);
    if (!duration) return reader.unexpected(kDurationExpected);
    *static_cast<std::chrono::milliseconds*>(target) = *duration;
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json["type"] = "string";
    schema.json["pattern"] = "^[0-9]+(\\.[0-9]+)?(ms|s|min|h)$";
  }
};

/// The path that a value names, from the pipeline file's folder; reports what is none.
std::optional<std::filesystem::path> read_path(Reader& reader, const std::string& expected) {
  const auto text = reader.text(expected);
  if (!text) return std::nullopt;
  if (!text->empty()) return reader.document().file.parent_path() / *text;
  reader.unexpected(expected);
  return std::nullopt;
}

class FileKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto path = read_path(reader, "a file");
    if (!path) return;
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(*path, error);
    const std::string name = '`' + path->lexically_normal().string() + '`';
    if (status.type() == std::filesystem::file_type::not_found)
      return reader.problem(reader.name() + ": there is no file " + name +
                            "; paths start at the pipeline file's folder");
    if (error) return reader.problem(reader.name() + ": " + name + " cannot be read: " + error.message());
    if (std::filesystem::is_directory(status))
      return reader.problem(reader.name() + ": " + name + " is a folder; expected a file");
    if (!std::filesystem::is_regular_file(status))
      return reader.problem(reader.name() + ": " + name + " is no regular file; expected one");
    reader.document().files.push_back({*path, reader.place()});
    *static_cast<FilePath*>(target) = {*path, reader.place()};
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class MachinePathKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto path = read_path(reader, "a path");
    if (!path) return;
    reader.document().files.push_back({*path, reader.place(), true});
    *static_cast<MachinePath*>(target) = {*path, reader.place()};
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class EndpointKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto text = reader.text(kEndpointExpected);
    if (!text) return;
    try {
      Endpoint endpoint = Endpoint::parse(*text);
      // Processes that were started in different folders must meet.
      const bool is_file = endpoint.transport == Endpoint::Transport::ipc && endpoint.path.front() != '@';
      if (is_file)
        endpoint =
            Endpoint::parse("ipc://" + (reader.document().file.parent_path() / endpoint.path).string());
      endpoint.place = reader.place();
      *static_cast<Endpoint*>(target) = endpoint;
    } catch (const std::invalid_argument& error) {
      reader.unexpected(error.what());
    }
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json["type"] = "string";
    schema.json["pattern"] = "^(tcp|ipc)://.|\\$\\{";
  }
};

class SecretKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    if (!reader.value().IsScalar() || !is_variable(reader.value().Scalar()))
      return reader.problem(reader.name() + " stands in the file itself; expected `${NAME}`, with an " +
                            "environment variable that holds it");
    auto text = reader.text("`${NAME}`");
    if (!text) return;
    if (text->empty())
      return reader.problem(reader.name() + ": the environment variable of `" + reader.value().Scalar() +
                            "` is empty");
    static_cast<Secret*>(target)->text = *std::move(text);
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json["type"] = "string";
    schema.json["pattern"] = "^\\$\\{[A-Za-z0-9_]+\\}$";
  }

 private:
  /// `${NAME}` and nothing around it: what is around would stand in the file.
  static bool is_variable(std::string_view text) {
    return text.starts_with("${") && text.find('}') == text.size() - 1;
  }
};

class ModelRefKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto name = reader.name_among(reader.document().model_names, "a name under `models`");
    reader.document().has_unknown_model |= !name;
    if (!name) return;
    reader.document().models_used.push_back({*name, reader.place()});
    *static_cast<ModelRef*>(target) = {*name, reader.place()};
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class NodeRefKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto name = reader.name_among(reader.document().node_names, "a node");
    if (!name) return;
    reader.document().nodes_meant.emplace_back(*name, reader.place());
    *static_cast<NodeRef*>(target) = {*name, reader.place()};
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["type"] = "string"; }
};

class PortKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    auto& port = *static_cast<Port*>(target);
    if (!reader.value().IsSequence()) return add(reader, port);
    if (reader.value().size() == 0) reader.unexpected("a node, or a list of nodes to fork to");
    for (const YAML::Node& element : reader.value()) {
      Reader target_reader = reader.child(element, reader.name());
      add(target_reader, port);
    }
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json["type"] = {"string", "array"};
    schema.json["items"] = {{"type", "string"}};
    schema.json["minItems"] = 1;
    schema.json["uniqueItems"] = true;
  }
  void visit_ports(void* value, const std::string& name,
                   const std::function<void(const std::string&, Port&)>& see) const override {
    see(name, *static_cast<Port*>(value));
  }

 private:
  static void add(Reader& reader, Port& port) {
    const auto name = reader.name_among(reader.document().node_names, "a node");
    if (!name) {
      reader.document().has_dangling_edge = true;
      return;
    }
    if (std::find(port.to.begin(), port.to.end(), *name) != port.to.end())
      return reader.problem(reader.name() + " names `" + *name + "` twice");
    port.to.push_back(*name);
  }
};

class ChoiceKind : public Kind {
 public:
  ChoiceKind(std::vector<std::pair<std::string, int>> choices, std::function<void(void*, int)> assign)
      : choices_{std::move(choices)}, assign_{std::move(assign)} {
    for (const auto& [name, value] : choices_) names_.push_back(name);
  }
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto name = reader.name_among(names_, "one of");
    if (!name) return;
    for (const auto& [choice, value] : choices_) {
      if (choice == *name) assign_(target, value);
    }
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override { schema.json["enum"] = names_; }

 private:
  std::vector<std::pair<std::string, int>> choices_;
  std::vector<std::string> names_;
  std::function<void(void*, int)> assign_;
};

class ParsedKind : public Kind {
 public:
  ParsedKind(std::string expected, std::function<void(std::string_view, void*)> parse)
      : expected_{std::move(expected)}, parse_{std::move(parse)} {}
  void read(Reader& reader, void* target, Range /*range*/) const override {
    const auto text = reader.text(expected_);
    if (!text) return;
    try {
      parse_(*text, target);
    } catch (const std::invalid_argument& error) {
      reader.problem(reader.name() + ": " + error.what());
    }
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json["type"] = {"string", "number"};  // `0.05` is a text to a parser, and a number to JSON
    schema.json["description"] = expected_;
  }

 private:
  std::string expected_;
  std::function<void(std::string_view, void*)> parse_;
};

}  // namespace

template <>
KindPtr kind_of<std::string>() {
  return std::make_shared<TextKind>();
}
template <>
KindPtr kind_of<bool>() {
  return std::make_shared<BoolKind>();
}
template <>
KindPtr kind_of<int>() {
  return std::make_shared<NumberKind<int>>();
}
template <>
KindPtr kind_of<double>() {
  return std::make_shared<NumberKind<double>>();
}
template <>
KindPtr kind_of<std::chrono::milliseconds>() {
  return std::make_shared<DurationKind>();
}
template <>
KindPtr kind_of<FilePath>() {
  return std::make_shared<FileKind>();
}
template <>
KindPtr kind_of<MachinePath>() {
  return std::make_shared<MachinePathKind>();
}
template <>
KindPtr kind_of<Endpoint>() {
  return std::make_shared<EndpointKind>();
}
template <>
KindPtr kind_of<PlacedText>() {
  return std::make_shared<PlacedTextKind>();
}
template <>
KindPtr kind_of<Secret>() {
  return std::make_shared<SecretKind>();
}
template <>
KindPtr kind_of<ModelRef>() {
  return std::make_shared<ModelRefKind>();
}
template <>
KindPtr kind_of<NodeRef>() {
  return std::make_shared<NodeRefKind>();
}
template <>
KindPtr kind_of<Port>() {
  return std::make_shared<PortKind>();
}

KindPtr choice_kind(std::vector<std::pair<std::string, int>> names, std::function<void(void*, int)> assign) {
  return std::make_shared<ChoiceKind>(std::move(names), std::move(assign));
}

KindPtr parsed_kind(std::string expected, std::function<void(std::string_view, void*)> parse) {
  return std::make_shared<ParsedKind>(std::move(expected), std::move(parse));
}

}  // namespace slm
